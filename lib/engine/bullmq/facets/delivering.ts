import type { RateLimit } from '../../../contract/index.js';
import type { ConsumeOptions, Consumer, Delivering, EngineContext, NewTask, RunTask } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { limitGlobally } from '../global-concurrency.js';
import { JobConsumer } from '../job-consumer.js';
import type { JobHold } from '../steps/step-rows.js';
import { assertNoMove } from '../transfer/move-mark.js';

export class BullmqDelivering implements Delivering {
  constructor(
    private readonly store: BullmqStore,
    private readonly context: Pick<EngineContext, 'keepAtMost' | 'flows'>,
  ) {}

  async consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    const { set, lists, view, registry, cancelled, ticker, watch, unhandled, adder, callers, lapses, flows } =
      this.store.opened;
    const { consumers, happenings } = this.store;
    await assertNoMove(registry);
    await registry.noteQueues([queue]);
    const flow = this.context.flows?.get(queue);
    if (flow !== undefined) await limitGlobally(set, registry, queue, flow?.globalConcurrency ?? null);
    const { workerId } = consumers;
    const report = (error: Error): void => this.store.report(error);
    const { keepAtMost } = this.context;
    const enqueue = (tasks: readonly NewTask[]): Promise<unknown> => adder.add(tasks);
    const watchCalls = (hold: JobHold): Promise<void> => lapses.watchCalls(hold);
    const shared = { set, lists, view, cancelled, unhandled, happenings, callers, admission: flows.admission };
    const parts = { ...shared, workerId, keepAtMost, report, enqueue, watchCalls };
    const consumer = new JobConsumer(queue, parts, this.store.options, options, run);
    consumers.add(consumer);
    ticker.start();
    await watch.hearOwn();
    await consumer.ready();
    try {
      // Again, now that whoever moves the tasks sees this process.
      await assertNoMove(registry);
    } catch (error) {
      await consumer.abandon();
      consumers.remove(consumer);
      throw error;
    }
    await this.noteWorker();
    return {
      close: async (grace) => {
        await consumer.close(grace);
        consumers.remove(consumer);
        await this.noteWorker();
      },
    };
  }

  /** BullMQ counts the starts of a span in one number, and puts the greatest there for a queue that was told to wait. */
  async isHeldBack(queue: string, limit: RateLimit | null): Promise<boolean> {
    return (await this.store.opened.set.queue(queue).getRateLimitTtl(limit?.max)) > 0;
  }

  /** The queues that this process works on, for others to see. */
  private async noteWorker(): Promise<void> {
    if (!this.store.isOpen) return;
    const { registry } = this.store.opened;
    const { info, workerId } = this.store.consumers;
    const note = `worker:${workerId}`;
    if (info) await registry.declare({ [note]: JSON.stringify(info) });
    else await registry.forget(note);
  }
}
