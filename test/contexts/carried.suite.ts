import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { ContextOptions, TasksModuleRootOptions } from '../../lib/config/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { InvalidArgumentError } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended } from '../module/support.js';
import { until } from '../support/until.js';

interface Request {
  readonly requestId?: string;
  readonly traceparent?: string;
}

/** Stands for nestjs-cls, which is the same underneath. */
const request = new AsyncLocalStorage<Request>();
const FROM_REQUEST: ContextOptions = {
  carry: () => ({ ...request.getStore() }),
  run: (carried, next) => request.run(carried, next),
};

/** What a handler found itself in, by task. */
const seen = new Map<string, Request | undefined>();

class Work {
  @TaskHandler('work', { maxRetries: 1, retryDelay: 0 })
  async work(_params: object, task: TaskContext): Promise<void> {
    await sleep(1);
    seen.set(`${task.id} ${task.attempt}`, request.getStore());
    if (task.attempt === 1) throw new Error('again');
    await task.queue('default', 'follow', {}, { key: 'follow' });
  }

  @TaskHandler('follow')
  follow(_params: object, task: TaskContext): void {
    seen.set(task.id, request.getStore());
  }
}

/** What the option `context` says, on any engine. */
export function describeCarriedContext(name: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe(`a carried context, ${name}`, { timeout: 120_000 }, () => {
    async function boot(context: ContextOptions) {
      const app = await bootApp({ tasks: { ...(await siteOf()), context }, providers: [Work] });
      return { tasks: dispatcherOf(app), crons: app.get(CronSchedules) };
    }

    it('surrounds each attempt, is shown, and goes on to follow-up tasks', async () => {
      const { tasks } = await boot(FROM_REQUEST);
      const mine = { requestId: 'r-1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
      const { id, context } = await request.run(mine, () => tasks.queue('default', 'work', {}));
      expect(context).toEqual(mine);
      expect(await ended(tasks, id)).toMatchObject({ state: 'completed', context: mine });
      expect(await ended(tasks, `${id}/follow`)).toMatchObject({ state: 'completed', context: mine, parentId: id });
      expect([`${id} 1`, `${id} 2`, `${id}/follow`].map((key) => seen.get(key))).toEqual([mine, mine, mine]);
    });

    it('is that of each of many callers, and empty where nothing is carried', async () => {
      const { tasks, crons } = await boot(FROM_REQUEST);
      const [one, two, none] = await Promise.all([
        request.run({ requestId: 'one' }, () => tasks.queueMany('default', 'follow', [{}, {}])),
        request.run({ requestId: 'two' }, () => tasks.queue('default', 'follow', {}, { priority: 1 })),
        tasks.queue('default', 'follow', {}),
      ]);
      const added = { name: 'added', queue: 'default', task: 'follow', expression: '0 0 1 1 *' };
      await request.run({ requestId: 'three' }, () => crons.add(added));
      const triggered = await crons.trigger('added');
      for (const id of [...one.map((task) => task.id), two.id, none.id, triggered.id]) await ended(tasks, id);
      expect(one.map(({ id }) => seen.get(id))).toEqual([{ requestId: 'one' }, { requestId: 'one' }]);
      expect([two, none, triggered].map(({ id }) => seen.get(id))).toEqual([{ requestId: 'two' }, {}, {}]);
      expect(none).not.toHaveProperty('context');
    });
  });
}

/** What does not depend on the engine. */
export function describeWrongContexts(siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe('a carried context', () => {
    it('is refused where it is no plain object, no JSON or too large, and nothing is stored', async () => {
      let carried: unknown = null;
      const app = await bootApp({
        tasks: { ...(await siteOf()), context: { carry: () => carried as Request & Record<string, unknown> } },
        providers: [Work],
      });
      const tasks = dispatcherOf(app);
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      const wrong: Array<[unknown, RegExp]> = [
        ['text', /plain object at once, such as \{ requestId \}, not "text"/],
        [Promise.resolve({}), /not a Promise/],
        [[1], /plain object/],
        [circle, /JSON can hold/],
        [{ n: 1n }, /JSON can hold/],
        [{ text: '\0' }, /NUL/],
        [{ ['\ud800']: 1 }, /well-formed/],
        [{ text: 'é'.repeat(2_048) }, /at most 4,096 bytes .* and these are 4,107/],
      ];
      for (const [value, message] of wrong) {
        carried = value;
        const error = await tasks.queue('default', 'follow', {}).catch((thrown: unknown) => thrown);
        expect(error, String(message)).toBeInstanceOf(InvalidArgumentError);
        expect((error as InvalidArgumentError).message).toMatch(message);
      }
      for (const value of [null, undefined, {}, { nothing: undefined }]) {
        carried = value;
        expect(await tasks.queue('default', 'follow', {})).not.toHaveProperty('context');
      }
      await until('the tasks to end', async () => (await tasks.list({ state: 'completed' })).items.length === 4);
      expect((await tasks.list({})).items).toHaveLength(4);
    });

    it('ends the attempt as the handler does, whatever the app does around it', async () => {
      const ways: Record<string, NonNullable<ContextOptions['run']>> = {
        'forgets to return': (_carried, next) => void next(),
        'swallows the error': async (_carried, next) => {
          try {
            await next();
          } catch {
            // As an app must not.
          }
        },
        'does not call it': () => undefined,
        'calls it twice': (_carried, next) => [next(), next()],
        'throws after it': (_carried, next) => {
          void next();
          throw new Error('afterwards');
        },
      };
      const outcomes: Record<string, string> = {};
      for (const [way, run] of Object.entries(ways)) {
        class Failing {
          @TaskHandler('failing', { maxRetries: 0 })
          async handle(): Promise<never> {
            await sleep(1);
            throw new Error('of the handler');
          }
        }
        const app = await bootApp({ tasks: { ...(await siteOf()), context: { run } }, providers: [Failing] });
        const { id } = await dispatcherOf(app).queue('default', 'failing', {});
        const { state, error } = await ended(dispatcherOf(app), id);
        outcomes[way] = `${state}: ${error?.message}`;
      }
      expect(outcomes).toEqual({
        'forgets to return': 'failed: of the handler',
        'swallows the error': 'failed: of the handler',
        'does not call it':
          'failed: The option "context.run" did not call next(), so the handler did not run: return next() in it.',
        'calls it twice': 'failed: The option "context.run" called next() a second time for one attempt.',
        'throws after it': 'failed: afterwards',
      });
    });
  });
}
