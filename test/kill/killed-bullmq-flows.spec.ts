import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { WorkflowSummary } from '../../lib/contract/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { until } from '../support/until.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';
import type { WorkerProcess } from './support/worker-process.js';
import { KILL_POINT_VARIABLE, type KillPoint } from './worker/kill-point.js';

const PROCESSES = 2;
/** Hundreds where a run is to be thorough. */
const KILLS = Number(process.env['FLOW_KILLS'] ?? 4);
/** Scripts or statements that a process passes before it ends. */
const MOST_PASSINGS = 250;
/** Between two looks at which processes are gone. */
const PAUSE_MS = 50;
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

const STORES: ReadonlyArray<
  [program: 'redis' | 'postgres', create: () => Promise<NonNullable<TasksModuleRootOptions['engine']>>]
> = [
  [
    'redis',
    async () => {
      const server = await SharedRedis.join();
      return { bullmq: { connection: server.connection, prefix: server.createPrefix() } };
    },
  ],
  ['postgres', async () => ({ bullmq: { postgres: await (await SharedPostgres.join()).createDatabase() } })],
];

for (const [program, create] of STORES) {
  describeWith(program, `workflows on BullMQ whose processes are killed, ${program} (KILL_SEED=${SEED})`, () => {
    const worker = useWorker('bullmq-flows-main');
    let stage: Stage;

    afterEach(() => stage.remove());

    it(
      `go on from where they were: each ends, as it would have without: ${KILLS} kills`,
      { timeout: 400_000 + KILLS * 60_000 },
      async () => {
        const random = new Random(SEED);
        stage = new Stage(worker.file, {
          database: undefined as never,
          engine: await create(),
          lease: 1_000,
          maxLostAttempts: 1_000,
        });
        const tasks = await stage.startApp();
        let begun = 0;
        const startOne = (): WorkerProcess => {
          const at = begun++ % 2 === 0 ? 'before' : 'after';
          const point: KillPoint = { at, passing: random.between(0, MOST_PASSINGS), atWork: true };
          return stage.startWorker({}, { env: { [KILL_POINT_VARIABLE]: JSON.stringify(point) } });
        };
        const working = Array.from({ length: PROCESSES }, startOne);
        for (let killed = 0; killed < KILLS;) {
          for (const [index, one] of working.entries()) {
            if (!one.hasEnded) continue;
            // Nothing but its own signal ended it.
            expect(await one.shutDown(), one.output).toBe('SIGKILL');
            killed += 1;
            working[index] = startOne();
          }
          await sleep(PAUSE_MS);
        }
        for (const one of working) {
          await one.kill();
          // It may have come to its own end first, which is no fault.
          await one.shutDown();
        }
        for (let count = 0; count < PROCESSES; count += 1) stage.startWorker();
        const all = await until(
          'the end of all workflows',
          async () => {
            const found = await workflows(tasks);
            return found.every(({ finishedAt }) => finishedAt !== null) && found;
          },
          { patience: 300_000 },
        );
        expect(all.length).toBeGreaterThan(0);
        for (const { id, state, nodes, tasks: counted } of all) {
          const counts = { blocked: 0, running: 0, completed: 5, failed: 1, cancelled: 1 };
          expect({ id, state, nodes, tasks: counted }).toEqual({
            id,
            state: 'completed',
            nodes: counts,
            tasks: { total: 9, ended: 9 },
          });
        }
        const [work] = (await tasks.stats()).filter(({ queue }) => queue === 'work');
        expect(work!.counts).toMatchObject({
          blocked: 0,
          available: 0,
          running: 0,
          completed: 7 * all.length,
          failed: all.length,
          cancelled: all.length,
        });
        // Each ran at least once but the one that nothing has failed for, which never did.
        const started = new Set(stage.ledger.read().flatMap((entry) => (entry.event === 'start' ? [entry.task] : [])));
        expect(started.size).toBe(8 * all.length);
        expect(stage.faults()).toEqual([]);
      },
    );
  });
}

async function workflows(tasks: TaskDispatcher): Promise<WorkflowSummary[]> {
  const all: WorkflowSummary[] = [];
  for (let cursor: string | undefined; ;) {
    const { items, next } = await tasks.listWorkflows({ limit: 100, ...(cursor !== undefined && { cursor }) });
    all.push(...items);
    if (next === null) return all;
    cursor = next;
  }
}
