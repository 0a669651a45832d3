import { clearTimeout, setTimeout } from '../clock/index.js';
import { ENDED_STATES, type Task, type TaskState } from '../contract/index.js';
import type { TaskDispatcher } from '../queueing/index.js';
import { TasksTestingError } from './testing-error.js';

/** Resolves to a task once it is in a state that workers bring it to, in real time. @throws TasksTestingError */
export function watchFor(tasks: TaskDispatcher, id: string, state: TaskState, timeout: number): Promise<Task> {
  return new Promise((resolve, reject) => {
    let last: Task | null = null;
    const look = async (): Promise<void> => {
      const task = (last = await tasks.get(id));
      if (task.state === state) settle(() => resolve(task));
      else if (hasOtherEnd(task, state)) settle(() => reject(notReached(task, state, 'It has ended.')));
    };
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      unwatch();
      end();
    };
    const fail = (error: unknown): void => settle(() => reject(error));
    const timer = setTimeout(() => {
      fail(
        last ? notReached(last, state, `That was ${timeout} ms ago.`) : new TasksTestingError(`No answer for ${id}.`),
      );
    }, timeout);
    const unwatch = tasks.watch(() => void look().catch(fail));
    look().catch(fail);
  });
}

/** What to say of a task that is not as it was waited for. */
export function notReached(
  { id, name, state, runAt, attempts }: Task,
  wanted: TaskState,
  hint: string,
): TasksTestingError {
  const error = attempts.findLast((attempt) => attempt.error)?.error;
  const due = state === 'scheduled' || state === 'retryable' ? `, due at ${new Date(runAt).toISOString()}` : '';
  const why = error ? ` Its last error: ${error.name}: ${error.message}.` : '';
  return new TasksTestingError(`Task "${name}" (${id}) is ${state}${due}, and not ${wanted}.${why} ${hint}`);
}

function hasOtherEnd({ state }: Task, wanted: TaskState): boolean {
  return state !== wanted && ENDED_STATES.some((ended) => ended === state);
}
