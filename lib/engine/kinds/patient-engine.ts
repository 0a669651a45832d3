import { StoreError, TasksError, messageOf } from '../../errors/index.js';
import type { Consumer, NewTask, TaskEngine } from '../task-engine.js';

/** How long a caller waits for a server's answer, in milliseconds. */
const PATIENCE_MS = 10_000;
/** The same at boot, when tables may have to be brought up to date. */
const OPEN_MS = 60_000;
/** A bulk is given so much longer for each of its tasks. */
const PER_TASK_MS = 1;

/** What a method could not do, for those whose callers are told. */
const FAILURES: Readonly<Record<string, string>> = {
  open: 'The task store cannot be opened',
  enqueue: 'Tasks could not be stored',
  consume: 'Workers could not be started',
  close: 'The task store could not be left in order',
};

/**
 * An engine whose store is a server: every answer comes in bounded time, and what fails fails with a `StoreError`. A
 * request that was given up may have been carried out all the same; that nobody knows is what the error says.
 *
 * A proxy, so that no method of the port can be forgotten.
 */
export function patient(engine: TaskEngine): TaskEngine {
  return new Proxy(engine, {
    get(target, key): unknown {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, args);
        if (!(answer instanceof Promise)) return answer;
        const bounded = told(String(key), answer, patienceFor(String(key), args));
        return key === 'consume' ? (bounded as Promise<Consumer>).then(patientConsumer) : bounded;
      };
    },
  });
}

function patientConsumer(consumer: Consumer): Consumer {
  return { close: (grace) => told('close', consumer.close(grace), grace + PATIENCE_MS) };
}

/** Null: no limit. What walks through a whole store asks many times, and each time is limited by the connection. */
function patienceFor(method: string, [first]: readonly unknown[]): number | null {
  if (method === 'enqueue') return PATIENCE_MS + PER_TASK_MS * (first as readonly NewTask[]).length;
  if (method === 'open') return OPEN_MS;
  if (method === 'act') return null;
  return PATIENCE_MS;
}

async function told<T>(method: string, answer: Promise<T>, patience: number | null): Promise<T> {
  const what = FAILURES[method] ?? 'The task store could not be asked';
  try {
    return await (patience === null ? answer : inTime(answer, patience, what));
  } catch (error) {
    if (error instanceof TasksError) throw error;
    throw new StoreError(`${what}: ${messageOf(error)}`, { cause: error });
  }
}

function inTime<T>(answer: Promise<T>, patience: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new StoreError(`${what}: no answer within ${patience / 1_000} s. It may have been done or not.`)),
      patience,
    );
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
