import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  Scope,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { listenToAttempts } from '../../lib/channels/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { OnTaskEvent, TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd, when } from '../module/support.js';
import { until } from '../support/until.js';

const MANY = 20;

/** What an app holds for the request that it answers. */
const request = new AsyncLocalStorage<string>();

/** What each callback found itself in. */
class Places {
  private readonly found = new Map<string, Set<string | null>>();

  note(callback: string): void {
    this.found.set(callback, (this.found.get(callback) ?? new Set()).add(request.getStore() ?? null));
  }

  has(...callbacks: readonly string[]): boolean {
    return callbacks.every((callback) => this.found.has(callback));
  }

  all(): Record<string, Array<string | null>> {
    return Object.fromEntries([...this.found].map(([callback, places]) => [callback, [...places]]));
  }
}

function nowhere(...callbacks: readonly string[]): Record<string, null[]> {
  return Object.fromEntries(callbacks.map((callback) => [callback, [null]]));
}

/** What else the library calls, beside handlers: on any engine, in an app that begins within its first request. */
export function describeBystanders(name: string, siteOf: () => Promise<TasksModuleRootOptions>): void {
  describe(`the context of what stands around handlers, ${name}`, { timeout: 120_000 }, () => {
    async function boot(
      providers: Array<new (...args: never[]) => object>,
      options: TasksModuleRootOptions = {},
    ): Promise<{ tasks: TaskDispatcher; crons: CronSchedules }> {
      const tasks = { ...(await siteOf()), retryDelay: 20, lease: 2_000, ...options };
      const app = await request.run('the first request', () => bootApp({ tasks, providers }));
      return { tasks: dispatcherOf(app), crons: app.get(CronSchedules) };
    }

    /** Calls for each of many requests at once. */
    function inRequests<T>(call: (request: string) => Promise<T>): Promise<T[]> {
      const all = Array.from({ length: MANY }, (_, index) => `request ${index}`);
      return Promise.all(all.map((one) => request.run(one, () => call(one))));
    }

    it('is that of no request, for listeners, enhancers, providers of an attempt and tracers', async () => {
      const places = new Places();
      @Injectable()
      class Listening {
        @OnTaskEvent('completed')
        @OnTaskEvent('failed')
        @OnTaskEvent('retried')
        @OnTaskEvent('cancelled')
        hear({ event }: { event: string }): void {
          places.note(`on ${event}`);
          request.enterWith('a listener');
        }
      }
      @Injectable()
      class Around implements NestInterceptor, CanActivate {
        canActivate(): boolean {
          places.note('guard');
          return true;
        }
        intercept(_context: ExecutionContext, next: CallHandler) {
          places.note('interceptor');
          return next.handle();
        }
      }
      @Injectable({ scope: Scope.REQUEST })
      class OfAttempt {
        constructor() {
          places.note('request-scoped provider');
        }
        @UseGuards(Around)
        @UseInterceptors(Around)
        @TaskHandler('scoped')
        handle(): void {
          request.enterWith('a handler');
        }
      }
      class Plain {
        @TaskHandler('fails', { maxRetries: 1, onFailed: 'after' })
        fails(): void {
          request.enterWith('a handler');
          throw new Error('on purpose');
        }
        @TaskHandler('slow', { maxRetries: 0, timeout: 20 })
        async slow(_params: object, task: TaskContext): Promise<void> {
          request.enterWith('a handler');
          await new Promise<void>((resolve) =>
            task.signal.addEventListener('abort', () => {
              places.note('timeout');
              resolve();
            }),
          );
        }
        @TaskHandler('after')
        after(): void {
          places.note('onFailed');
        }
        @TaskHandler('node')
        node(): void {
          places.note('node');
          request.enterWith('a node');
        }
      }
      onTestEnd(
        listenToAttempts({
          start: () => places.note('tracer at the start'),
          end: () => places.note('tracer at the end'),
        }),
      );
      const { tasks } = await boot([Listening, Around, OfAttempt, Plain]);
      await inRequests(async () => {
        await tasks.queue('default', 'scoped', {});
        await tasks.queue('default', 'fails', {});
        await tasks.queue('default', 'slow', {});
        const { id } = await tasks.queueIn('default', '1h', 'after', {});
        await tasks.cancel(id);
      });
      const { id } = await request.run('a request', async () => {
        const flow = tasks.workflow('flow');
        const first = flow.add('default', 'node', {}, { as: 'first' });
        flow.add('default', 'node', {}, { as: 'second', after: first });
        return flow.start();
      });
      await until('the workflow', async () => (await tasks.getWorkflow(id)).state === 'completed');
      const callbacks = [
        'on completed',
        'on failed',
        'on retried',
        'on cancelled',
        'guard',
        'interceptor',
        'request-scoped provider',
        'timeout',
        'onFailed',
        'node',
        'tracer at the start',
      ];
      await until('all of them', async () => {
        const left = (await tasks.stats()).reduce(
          (sum, { counts }) => sum + counts.available + counts.running + counts.retryable,
          0,
        );
        return left === 0 && places.has(...callbacks);
      });
      const { 'tracer at the end': _end, ...others } = places.all();
      expect(others).toEqual(nowhere(...callbacks));
    });

    it('is the handler’s own for its steps, waits and calls, and nobody’s in the next attempt', async () => {
      const strayed: string[] = [];
      const places = new Places();
      class Ordering {
        @TaskHandler('order')
        async order({ own }: { own: string }, task: TaskContext): Promise<void> {
          places.note('attempt');
          request.enterWith(own);
          const look = (where: string): void => {
            if (request.getStore() !== own) strayed.push(`${where}: ${request.getStore()} instead of ${own}`);
          };
          await task.step('one', async () => {
            look('in a step');
            await sleep(1);
            look('later in a step');
          });
          look('after a step');
          await task.sleep('short', 5);
          look('after a sleep');
          const value = await task.waitFor('go');
          look('after a signal');
          expect(value).toBe(own);
          const called = await task.call('default', 'called', {});
          look('after a call');
          expect(called).toBe('nobody');
          await task.save({ own });
          look('after saving');
        }
        @TaskHandler('called')
        called(): string {
          places.note('called');
          return request.getStore() ?? 'nobody';
        }
      }
      const { tasks } = await boot([Ordering]);
      const ids = await inRequests(async (own) => (await tasks.queue('default', 'order', { own })).id);
      const waits = await inRequests(async (own) => {
        const id = ids[Number(own.split(' ')[1])]!;
        await when(tasks, id, ({ state }) => state === 'suspended');
        // Sent in somebody else's request.
        await request.run('a person', () => tasks.signal(id, 'go', own));
        return request.getStore() === own;
      });
      expect(waits).not.toContain(false);
      for (const id of ids) expect(await ended(tasks, id)).toMatchObject({ state: 'completed', error: null });
      expect(strayed).toEqual([]);
      expect(places.all()).toEqual(nowhere('attempt', 'called'));
    });

    it('stays the caller’s own where it awaits results, stops and starts workers, and is not theirs', async () => {
      const places = new Places();
      const strayed: Array<string | undefined> = [];
      class Working {
        @TaskHandler('work', { result: true, backoff: () => (places.note('backoff'), 10), maxRetries: 1 })
        async work(_params: object, task: TaskContext): Promise<number> {
          places.note('handler');
          task.progress(50, 'half');
          task.log('a line');
          request.enterWith('a handler');
          await sleep(1);
          if (task.attempt === 1) throw new Error('once more');
          return 1;
        }
      }
      const carried: Array<string | undefined> = [];
      const { tasks } = await boot([Working], {
        autoStart: false,
        context: {
          carry: () => {
            carried.push(request.getStore());
            return {};
          },
          run: (_carried, next) => {
            places.note('run');
            return next();
          },
        },
      });
      await request.run('who starts', () => tasks.start());
      await inRequests(async (own) => {
        expect(await tasks.run('default', 'work', {})).toBe(1);
        if (request.getStore() !== own) strayed.push(request.getStore());
        await tasks.pauseQueue('default');
        await tasks.resumeQueue('default');
        if (request.getStore() !== own) strayed.push(request.getStore());
      });
      await request.run('who stops', async () => {
        await tasks.stop();
        await tasks.start();
        await tasks.run('default', 'work', {});
      });
      expect(strayed).toEqual([]);
      expect(places.all()).toEqual(nowhere('handler', 'backoff', 'run'));
      expect(carried).toHaveLength(MANY + 1);
      expect(new Set(carried)).toEqual(
        new Set([...Array.from({ length: MANY }, (_, index) => `request ${index}`), 'who stops']),
      );
    });

    it('is that of no request, for what an alert, a tick and a failure carry', async () => {
      const places = new Places();
      class Told {
        @TaskHandler('told', { queue: 'alerts' })
        told(): void {
          places.note('told');
        }
        @TaskHandler('idle')
        idle(): void {}
      }
      const { tasks, crons } = await boot([Told], {
        autoStart: false,
        queues: { default: {}, alerts: {} },
        alerts: { task: 'told', every: 1_000, rules: { late: { queue: 'default', latency: '1s' } } },
        context: {
          carry: () => {
            places.note('carry');
            return { from: request.getStore() ?? 'nobody' };
          },
        },
      });
      await tasks.start('alerts');
      const { id } = await tasks.queue('default', 'idle', {});
      await until('the alert', () => places.has('told'));
      expect(places.all()).toEqual(nowhere('carry', 'told'));
      await request.run('a person', () =>
        crons.add({ name: 'often', expression: '* * * * * *', queue: 'alerts', task: 'told' }),
      );
      // Who adds it is asked in their own context, and a tick carries nothing of it.
      const tick = await until('a tick', async () => (await crons.get('often')).lastTaskId);
      expect(await tasks.get(tick)).not.toHaveProperty('context');
      expect(places.all()).toEqual({ carry: [null, 'a person'], told: [null] });
      await tasks.delete(id);
    });
  });
}
