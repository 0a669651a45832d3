import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { type CronSchedules as Schedules, TaskDispatcher } from '../../lib/index.js';
import { InvalidArgumentError } from '../../lib/contract/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp } from './support.js';

@TaskHandler('plain')
class Plain {
  handle(): void {}
}

type Calls = Readonly<Record<string, (odd: never, tasks: TaskDispatcher, crons: Schedules) => unknown>>;

const NO_TEXTS: readonly unknown[] = [
  null,
  5,
  Number.NaN,
  true,
  10n,
  Symbol('x'),
  [],
  {},
  new Date(),
  () => 'x',
  Plain,
];
const NO_OBJECTS: readonly unknown[] = [
  null,
  5,
  'x',
  true,
  10n,
  [],
  new Date(),
  new Map(),
  Promise.resolve({}),
  () => ({}),
];

/** What is to be a text. */
const TEXTS: Calls = {
  queue: (odd, tasks) => tasks.queue(odd, 'plain', {}),
  get: (odd, tasks) => tasks.get(odd),
  steps: (odd, tasks) => tasks.steps(odd),
  cancel: (odd, tasks) => tasks.cancel(odd),
  runNow: (odd, tasks) => tasks.runNow(odd),
  delete: (odd, tasks) => tasks.delete(odd),
  start: (odd, tasks) => tasks.start(odd),
  stop: (odd, tasks) => tasks.stop(odd),
  pauseQueue: (odd, tasks) => tasks.pauseQueue(odd),
  resumeQueue: (odd, tasks) => tasks.resumeQueue(odd),
  getWorkflow: (odd, tasks) => tasks.getWorkflow(odd),
  'listWorkflows, name': (odd, tasks) => tasks.listWorkflows({ name: odd }),
  'listWorkflows, cursor': (odd, tasks) => tasks.listWorkflows({ cursor: odd }),
  'retryWorkflow, from': (odd, tasks) => tasks.retryWorkflow('x', { from: odd ?? (5 as never) }),
  'list, cursor': (odd, tasks) => tasks.list({ cursor: odd }),
  'crons.get': (odd, _tasks, crons) => crons.get(odd),
  'crons.pause': (odd, _tasks, crons) => crons.pause(odd),
  'crons.resume': (odd, _tasks, crons) => crons.resume(odd),
  'crons.remove': (odd, _tasks, crons) => crons.remove(odd),
  'crons.trigger': (odd, _tasks, crons) => crons.trigger(odd),
};

/** What is to be an object of options, or a question. */
const OBJECTS: Calls = {
  list: (odd, tasks) => tasks.list(odd),
  listWorkflows: (odd, tasks) => tasks.listWorkflows(odd),
  metrics: (odd, tasks) => tasks.metrics(odd),
  keys: (odd, tasks) => tasks.keys('default', odd),
  drain: (odd, tasks) => tasks.drain(odd ?? ([] as never)),
  work: (odd, tasks) => tasks.work(odd ?? ([] as never)),
  bulk: (odd, tasks) => tasks.bulk('cancel', odd),
  result: (odd, tasks) => tasks.result('x', odd),
  'crons.trigger': (odd, _tasks, crons) => crons.trigger('x', odd),
  'crons.add': (odd, _tasks, crons) => crons.add(odd),
};

/** No option of any of these. */
const UNKNOWN: Calls = {
  list: (odd, tasks) => tasks.list(odd),
  listWorkflows: (odd, tasks) => tasks.listWorkflows(odd),
  metrics: (odd, tasks) => tasks.metrics(odd),
  keys: (odd, tasks) => tasks.keys('default', odd),
  drain: (odd, tasks) => tasks.drain(odd),
  'crons.trigger': (odd, _tasks, crons) => crons.trigger('x', odd),
};

async function boot(): Promise<{ tasks: TaskDispatcher; crons: Schedules }> {
  const app = await bootApp({ providers: [Plain], tasks: { autoStart: false } });
  return { tasks: app.get(TaskDispatcher), crons: app.get(CronSchedules) };
}

describe('An argument of another kind', () => {
  it.each([
    ['a text', TEXTS, NO_TEXTS],
    ['an object', OBJECTS, NO_OBJECTS],
    ['an object with options that there are', UNKNOWN, [{ nothing: 1 }]],
  ])('is refused by name where %s is due', async (_what, calls, odds) => {
    const { tasks, crons } = await boot();
    for (const [name, call] of Object.entries(calls)) {
      for (const odd of odds) {
        const answer: unknown = await Promise.resolve()
          .then(() => call(odd as never, tasks, crons))
          .then(
            () => 'taken',
            (error: unknown) => error,
          );
        expect(answer, `${name}: ${typeof odd} ${Object.prototype.toString.call(odd)}`).toBeInstanceOf(
          InvalidArgumentError,
        );
      }
    }
  });

  it('is refused at once where a listener is due', async () => {
    const { tasks } = await boot();
    for (const odd of [undefined, null, 'log', {}])
      expect(() => tasks.watch(odd as never)).toThrow(InvalidArgumentError);
  });
});
