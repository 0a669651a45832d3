import { PgBoss } from 'pg-boss';
import pg from 'pg';
import type { Contestant } from '../contestant.js';
import { dataOf, dataOfRange, QUEUE, type BenchData } from '../params.js';
import { CREATE_ORDERS_POSTGRES, INSERT_ORDER_POSTGRES } from '../store/orders.js';
import type { Workload } from '../workload.js';

/** Jobs of one fetch: they are completed together, so a batch is what its speed comes from. */
const BATCH = 500;
const COUNT_LEFT = `SELECT count(*)::int AS left FROM pgboss.job WHERE name = $1 AND state IN ('created', 'retry', 'active')`;

export class PgBossPeer implements Contestant {
  private readonly boss: PgBoss;
  private readonly pool: pg.Pool;
  private starting: Promise<void> | null = null;

  constructor(store: string) {
    this.boss = new PgBoss({ connectionString: store, useListenNotify: true });
    this.boss.on('error', () => undefined);
    this.pool = new pg.Pool({ connectionString: store });
    this.pool.on('error', () => undefined);
  }

  async enqueue(index: number): Promise<void> {
    await this.open();
    await this.boss.send(QUEUE, dataOf(index));
  }

  async enqueueMany(from: number, count: number): Promise<void> {
    await this.open();
    await this.boss.insert(
      QUEUE,
      dataOfRange(from, count).map((data) => ({ data })),
    );
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    await this.open();
    const startAfter = new Date(at);
    await this.boss.insert(
      QUEUE,
      dataOfRange(from, count).map((data) => ({ data, startAfter })),
    );
  }

  async enqueueWithin(index: number): Promise<void> {
    await this.open();
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(INSERT_ORDER_POSTGRES, [index]);
      await this.boss.send(QUEUE, dataOf(index), {
        db: { executeSql: async (text, values) => client.query(text, values) },
      });
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }

  async start(concurrency: number, workload: Workload): Promise<void> {
    await this.open();
    const options = {
      batchSize: Math.max(BATCH, concurrency),
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 0.5,
      notifyPollingIntervalSeconds: 0.5,
    };
    await this.boss.work<BenchData>(QUEUE, options, async (jobs) => {
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < jobs.length) {
          const { data } = jobs[next]!;
          next += 1;
          await workload.run(data.data.index);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
    });
  }

  async left(): Promise<number> {
    await this.open();
    const { rows } = await this.pool.query<{ left: number }>(COUNT_LEFT, [QUEUE]);
    return rows[0]!.left;
  }

  async close(): Promise<void> {
    await this.boss.stop({ graceful: false, close: true });
    await this.pool.end();
  }

  private open(): Promise<void> {
    this.starting ??= (async () => {
      await this.boss.start();
      await this.boss.createQueue(QUEUE, { notify: true });
      await this.pool.query(CREATE_ORDERS_POSTGRES);
    })();
    return this.starting;
  }
}
