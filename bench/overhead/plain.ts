import { MetricsTime, Queue, Worker, type JobsOptions } from 'bullmq';
import { plainToInstance } from 'class-transformer';
import { validateOrReject } from 'class-validator';
import { uuidv7 } from 'uuidv7';
import { QUEUE, dataOf, type BenchData } from '../params.js';
import { MailParams } from './mail-params.js';
import { KEEP_COMPLETED_S, KEEP_FAILED_S, type Side, type SideOptions } from './side.js';

const NAME = 'mail';

/** BullMQ as its users write it: JSON data, a queue, and a worker with the same concurrency and the same retention. */
export function openPlain(options: SideOptions): Promise<Side> {
  return open(options, false);
}

/** The same, asked for what the library always asks for: priorities, ids that tell a repetition, counts by the minute. */
export function openFull(options: SideOptions): Promise<Side> {
  return open(options, true);
}

async function open({ validated, port, prefix, concurrency, onRun }: SideOptions, full: boolean): Promise<Side> {
  const own = (): JobsOptions => (full ? { jobId: uuidv7(), priority: 1_000_001 } : {});
  const connection = { host: '127.0.0.1', port };
  const queue = new Queue<BenchData>(QUEUE, {
    connection,
    prefix,
    defaultJobOptions: {
      attempts: 21,
      backoff: { type: 'exponential', delay: 1_000 },
      removeOnComplete: { age: KEEP_COMPLETED_S },
      removeOnFail: { age: KEEP_FAILED_S },
    },
  });
  await queue.waitUntilReady();
  const start = async (): Promise<Worker<BenchData> | null> => {
    if (concurrency === 0) return null;
    const handle = async ({ data }: { data: BenchData }): Promise<void> => {
      if (validated) await check(data);
      onRun(data.data.index);
    };
    const worker = new Worker<BenchData>(QUEUE, handle, {
      connection,
      prefix,
      concurrency,
      ...(full && { metrics: { maxDataPoints: MetricsTime.ONE_WEEK } }),
    });
    await worker.waitUntilReady();
    return worker;
  };
  const worker = await start();
  return {
    enqueue: async (index) => {
      const data = dataOf(index);
      if (validated) await check(data);
      await queue.add(NAME, data, own());
    },
    enqueueMany: async (indices) => {
      const rows = indices.map(dataOf);
      if (validated) for (const data of rows) await check(data);
      await queue.addBulk(rows.map((data) => ({ name: NAME, data, opts: own() })));
    },
    pause: () => queue.pause(),
    resume: () => queue.resume(),
    count: () => queue.getJobCountByTypes('waiting', 'prioritized', 'active', 'completed'),
    close: async () => {
      await worker?.close();
      await queue.close();
    },
  };
}

/** As an app would write it; Nest's ValidationPipe does the same. */
async function check(data: BenchData): Promise<void> {
  await validateOrReject(plainToInstance(MailParams, data), { forbidUnknownValues: false });
}
