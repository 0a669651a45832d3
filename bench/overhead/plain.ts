import { Queue, Worker } from 'bullmq';
import { KEEP_COMPLETED_S, KEEP_FAILED_S, QUEUE, dataOf, type BenchData, type Side, type SideOptions } from './side.js';

const NAME = 'mail';

/** BullMQ as its users write it: JSON data, a queue, and a worker with the same concurrency and the same retention. */
export async function openPlain({ port, prefix, concurrency, onRun }: SideOptions): Promise<Side> {
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
    const worker = new Worker<BenchData>(QUEUE, async ({ data }) => onRun(data.data.index), {
      connection,
      prefix,
      concurrency,
    });
    await worker.waitUntilReady();
    return worker;
  };
  const worker = await start();
  return {
    enqueue: async (index) => {
      await queue.add(NAME, dataOf(index));
    },
    enqueueMany: async (indices) => {
      await queue.addBulk(indices.map((index) => ({ name: NAME, data: dataOf(index) })));
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
