import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import type { Contestant } from '../contestant.js';
import { dataOf, dataOfRange, QUEUE, type BenchData } from '../params.js';
import { CREATE_ORDERS_POSTGRES, INSERT_ORDER_POSTGRES } from '../store/orders.js';
import type { Workload } from '../workload.js';

type Preset = NonNullable<Parameters<typeof run>[0]['preset']>;

/** As its page on performance has it. */
const LOCAL_QUEUE: Preset = { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
const SILENT = new Logger(() => () => undefined);
/** Beside a connection for each job that runs, those of its own. */
const OWN_CONNECTIONS = 5;
const MAX_CONNECTIONS = 60;

export class GraphileWorker implements Contestant {
  private readonly pool: pg.Pool;
  private opened: ReturnType<typeof makeWorkerUtils> | null = null;
  private runner: { stop(): Promise<void> } | null = null;

  constructor(
    private readonly store: string,
    private readonly preset?: Preset,
  ) {
    this.pool = new pg.Pool({ connectionString: this.store });
    this.pool.on('error', () => undefined);
  }

  async enqueue(index: number): Promise<void> {
    await (await this.utils()).addJob(QUEUE, dataOf(index));
  }

  async enqueueMany(from: number, count: number): Promise<void> {
    const specs = dataOfRange(from, count).map((payload) => ({ identifier: QUEUE, payload }));
    await (await this.utils()).addJobs(specs);
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    const runAt = new Date(at);
    const specs = dataOfRange(from, count).map((payload) => ({ identifier: QUEUE, payload, runAt }));
    await (await this.utils()).addJobs(specs);
  }

  async enqueueWithin(index: number): Promise<void> {
    await this.utils();
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(INSERT_ORDER_POSTGRES, [index]);
      await client.query('SELECT graphile_worker.add_job($1, $2)', [QUEUE, JSON.stringify(dataOf(index))]);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }

  async start(concurrency: number, workload: Workload): Promise<void> {
    await this.utils();
    const max = Math.min(MAX_CONNECTIONS, concurrency + OWN_CONNECTIONS);
    const pgPool = new pg.Pool({ connectionString: this.store, max });
    pgPool.on('error', () => undefined);
    const runner = await run({
      pgPool,
      logger: SILENT,
      concurrency,
      noHandleSignals: true,
      taskList: { [QUEUE]: (payload) => workload.run((payload as BenchData).data.index) },
      ...(this.preset ? { preset: this.preset } : {}),
    });
    this.runner = {
      stop: async () => {
        await runner.stop();
        await pgPool.end();
      },
    };
  }

  async left(): Promise<number> {
    await this.utils();
    const { rows } = await this.pool.query<{ left: number }>('SELECT count(*)::int AS left FROM graphile_worker.jobs');
    return rows[0]!.left;
  }

  async close(): Promise<void> {
    await this.runner?.stop();
    await (await this.opened)?.release();
    await this.pool.end();
  }

  private utils(): ReturnType<typeof makeWorkerUtils> {
    this.opened ??= (async () => {
      const utils = await makeWorkerUtils({ pgPool: this.pool, logger: SILENT });
      await utils.migrate();
      await this.pool.query(CREATE_ORDERS_POSTGRES);
      return utils;
    })();
    return this.opened;
  }
}

export class GraphileWorkerWithLocalQueue extends GraphileWorker {
  constructor(store: string) {
    super(store, LOCAL_QUEUE);
  }
}
