import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { bullmq, type BullmqOptions } from '../../lib/engine/bullmq/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended } from '../module/support.js';
import { useProgram } from '../support/run/use-program.js';
import { until } from '../support/until.js';
import type { Question } from './worker/small-reader.js';

export interface LargeTasksSite {
  /** An empty store, which is gone when it is removed. */
  readonly store: BullmqOptions;
  remove(): Promise<void>;
}

/** Together more than a process has whose heap is bounded by {@link HEAP_MB}, once. */
const TASKS = 110;
const LARGE = 'x'.repeat(900_000);
const HEAP_MB = 90;
const CHILDREN = 50;

const run = promisify(execFile);

/** Whoever looks at many tasks holds a few of them at a time, however large they are. */
export function describeLargeTasks(start: () => Promise<LargeTasksSite>): void {
  describe('large tasks', () => {
    const program = useProgram('test/engines/worker/small-reader');
    let site: LargeTasksSite;

    beforeAll(async () => {
      site = await start();
    });
    afterAll(() => site.remove());

    async function ask(...questions: readonly Question[]): Promise<unknown> {
      const args = [`--max-old-space-size=${HEAP_MB}`, program.file, JSON.stringify({ store: site.store, questions })];
      return JSON.parse((await run(process.execPath, args)).stdout);
    }

    const boot = async (provider: new () => object) =>
      dispatcherOf(
        await bootApp({
          tasks: { database: undefined, engine: bullmq(site.store), workers: { large: 4 } },
          providers: [provider],
        }),
      );

    const countsOf = async (tasks: TaskDispatcher) =>
      (await tasks.stats()).find(({ queue }) => queue === 'large')!.counts;

    it('are listed without their results, and found as children without them', async () => {
      class Renders {
        @TaskHandler('render', { queue: 'large', result: true })
        render(): string {
          return LARGE;
        }

        @TaskHandler('split', { queue: 'large' })
        async split(_params: object, task: TaskContext): Promise<void> {
          for (let page = 0; page < CHILDREN; page += 1) await task.queue('large', 'render', {});
        }
      }
      const tasks = await boot(Renders);
      const { id } = await tasks.queue('large', 'split', {});
      await ended(tasks, id);
      await tasks.queueMany(
        'large',
        Array.from({ length: TASKS - CHILDREN }, () => ({ name: 'render', params: {} })),
      );
      await until('all to have completed', async () => (await countsOf(tasks)).completed === TASKS + 1);
      expect(await ask({ list: { state: 'completed', limit: 100 } }, { childrenOf: id })).toEqual([
        TASKS + 1,
        CHILDREN,
      ]);
    });

    it('are counted, listed and acted on a few at a time', async () => {
      @TaskHandler('import', { queue: 'large', maxRetries: 1, retryDelay: '1h' })
      class Import {
        handle(): never {
          throw new Error('The other side is away.');
        }
      }
      const tasks = await boot(Import);
      for (let stored = 0; stored < TASKS; stored += 10) {
        const rows = Array.from({ length: 10 }, () => ({ name: 'import', params: { text: LARGE } }));
        await tasks.queueMany('large', rows);
      }
      await until('all to be retryable', async () => (await countsOf(tasks)).retryable === TASKS);
      const name = 'import';
      expect(
        await ask(
          { stats: true },
          { list: { name, limit: 100 } },
          { bulk: 'cancel', target: { name } },
          { list: { name, state: 'cancelled', limit: 100 } },
        ),
      ).toEqual([TASKS, TASKS, TASKS, TASKS]);
    });
  });
}
