import { setImmediate as turn } from 'node:timers/promises';
import { FailureGroups, MOST_FAILURES_LOOKED_AT, type FailureReport } from '../failure-groups.js';
import type { Connection, Database } from './connection.js';
import { BEYOND_FIRST } from './statements/list-tasks.js';
import { readFailure } from './statements/read-failures.js';
import type { TaskList } from './task-list.js';

/** Read in one go; claims and enqueues of this process come between. */
const STEP = 500;
/** Where messages are long, or the file is not in memory, a step is cut short. */
const LONGEST_STEP_MS = 10;
/** What has been looked at by then is answered, once it is a step at least. */
const LONGEST_READING_MS = 150;

/** The newest failed tasks, grouped by what they failed with. */
export async function groupFailures(
  connection: Connection,
  list: TaskList,
  { queue, name }: { readonly queue?: string; readonly name?: string },
  now: number,
): Promise<FailureReport> {
  const filter = { ...(queue !== undefined && { queue }), ...(name !== undefined && { name }) };
  const groups = new FailureGroups(now);
  const began = performance.now();
  for await (const { seqs } of list.walk(filter, ['failed'], BEYOND_FIRST.newest, STEP, 'newest')) {
    for (let next = 0; next < seqs.length;) {
      const left = MOST_FAILURES_LOOKED_AT - groups.looked;
      if (left === 0 || (groups.looked >= STEP && performance.now() - began > LONGEST_READING_MS))
        return groups.report(false);
      const part = seqs.slice(next, next + left);
      next += await connection.read((database) => addFailures(database, part, groups));
      await turn();
    }
  }
  return groups.report(true);
}

/** Stops after a while; returns how many of `seqs` it has come to. */
function addFailures(database: Database, seqs: readonly number[], groups: FailureGroups): number {
  const began = performance.now();
  let looked = 0;
  for (const seq of seqs) {
    const failure = readFailure(database, seq);
    if (failure) groups.add(failure);
    looked += 1;
    if (performance.now() - began > LONGEST_STEP_MS) break;
  }
  return looked;
}
