import { NoResultError } from '../contract/index.js';
import type { Workflows } from '../engine/port/index.js';

/** What the one task of that name returned. @throws NoResultError */
export async function resultOf<Result>(workflows: Workflows, id: string, name: string): Promise<Result> {
  const { results } = await workflows.results(id, name, null);
  const [first, second] = results;
  const problem = !first
    ? `There is no node "${name}" in this workflow, and none of its tasks has added one of that name.`
    : second
      ? `"${name}" has several tasks: ask for task.resultsOf('${name}'), or give each node a name of its own by "as".`
      : !first.completed
        ? `The task of "${name}" has not completed: wait for it by "after".`
        : first.result === null
          ? `The task of "${name}" has completed, and its result is no longer kept.`
          : null;
  if (problem !== null) throw new NoResultError(name, problem, first && !second ? first.taskId : null);
  return JSON.parse(first!.result!) as Result;
}
