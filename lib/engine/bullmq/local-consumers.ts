import { hostname } from 'node:os';
import { wallTime } from '../../clock/index.js';
import type { WorkerInfo } from '../../contract/index.js';
import type { NewTask, StepLease } from '../port/index.js';
import type { JobConsumer } from './job-consumer.js';
import type { StoredAs } from './running-job.js';
import type { JobHold } from './steps/step-rows.js';

/** The consumers of this process, and what it is called by others. */
export class LocalConsumers {
  private readonly consumers = new Set<JobConsumer>();
  private readonly startedAt = wallTime();

  constructor(readonly workerId: string) {}

  add(consumer: JobConsumer): void {
    this.consumers.add(consumer);
  }

  remove(consumer: JobConsumer): void {
    this.consumers.delete(consumer);
  }

  /** Null where this process works on no queue. */
  get info(): WorkerInfo | null {
    if (this.consumers.size === 0) return null;
    const queues = Object.fromEntries([...this.consumers].map(({ queue, concurrency }) => [queue, concurrency]));
    return { id: this.workerId, host: hostname(), pid: process.pid, startedAt: this.startedAt, queues };
  }

  /** Aborts the task where it runs here. */
  cancel(jobId: string): void {
    for (const consumer of this.consumers) consumer.cancel(jobId);
  }

  /** Notes a task with the one whose handler enqueued it, where that one runs here. */
  noteChild(task: NewTask, answer: StoredAs = 'stored'): void {
    if (task.parentId == null) return;
    for (const consumer of this.consumers) if (consumer.noteChild(task, answer)) return;
  }

  /** The lock of the job that an attempt runs here; null where it does not. */
  holdOf(lease: StepLease): JobHold | null {
    for (const consumer of this.consumers) {
      const hold = consumer.holdOf(lease);
      if (hold) return hold;
    }
    return null;
  }

  /** The consumers are closed before the store is; one that is left is not waited for. */
  async abandon(): Promise<void> {
    for (const consumer of this.consumers) await consumer.abandon();
  }
}
