import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Cron, RetryLater, type TaskContext, TaskHandler } from '../../../lib/index.js';
import { type LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';
import type { Desk } from './desk.js';
import { type ChaosTasks, TICK } from './setup.js';

/** Each notes in the ledger when it starts and how it ends. */
@Injectable()
export class Handlers {
  constructor(
    private readonly ledger: LedgerWriter<ProcessEvent>,
    private readonly desk: Desk,
  ) {}

  @Cron('* * * * * *', { name: TICK, queue: 'fast', catchUp: 'all', timeZone: 'UTC' })
  tick(task: TaskContext): Promise<void> {
    return this.noting(task, async () => undefined);
  }

  @TaskHandler('quick')
  quick(_params: ChaosTasks['quick'], task: TaskContext): Promise<void> {
    return this.noting(task, async () => undefined);
  }

  @TaskHandler('wait')
  wait({ ms, heedful }: ChaosTasks['wait'], task: TaskContext): Promise<void> {
    return this.noting(task, async () => {
      await sleep(ms, undefined, heedful ? { signal: task.signal } : {});
    });
  }

  @TaskHandler('block')
  block({ ms }: ChaosTasks['block'], task: TaskContext): Promise<void> {
    return this.noting(task, async () => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    });
  }

  @TaskHandler('fail')
  fail({ failures, retries, ms }: ChaosTasks['fail'], task: TaskContext): Promise<void> {
    return this.noting(task, async () => {
      if (ms > 0) await sleep(ms, undefined, { signal: task.signal });
      const excused = task.maxAttempts - (retries + 1);
      if (task.attempt - excused <= failures) throw new Error('failed on purpose');
    });
  }

  @TaskHandler('snooze')
  snooze(_params: ChaosTasks['snooze'], task: TaskContext): Promise<void> {
    return this.noting(task, async () => {
      if (task.attempt === 1) throw new RetryLater('50ms', { countsAttempt: false });
    });
  }

  @TaskHandler('spawn')
  spawn({ children }: ChaosTasks['spawn'], task: TaskContext): Promise<void> {
    return this.noting(task, async () => {
      await this.desk.allow(this.desk.queueMany(task.dispatcher, children));
      await this.desk.allow(this.desk.queue(task.dispatcher, 'quick', { key: this.desk.key() }));
    });
  }

  @TaskHandler('report')
  report({ steps }: ChaosTasks['report'], task: TaskContext): Promise<void> {
    return this.noting(task, async () => {
      for (let step = 1; step <= steps; step += 1) {
        task.progress((100 * step) / steps, `step ${step}`);
        task.log(`step ${step} of ${steps}`);
        await sleep(5, undefined, { signal: task.signal });
      }
    });
  }

  @TaskHandler('transact')
  transact({ commits }: ChaosTasks['transact'], task: TaskContext): Promise<void> {
    return this.noting(task, () => this.desk.allow(this.desk.queueWithin(task.dispatcher, commits)));
  }

  private async noting({ id, attempt, signal }: TaskContext, work: () => Promise<void>): Promise<void> {
    const entry = { task: id, attempt };
    this.ledger.write({ event: 'start', at: steadyNow(), ...entry });
    try {
      await work();
      this.ledger.write({ event: 'end', at: steadyNow(), ...entry, how: 'done' });
    } catch (error) {
      const how = signal.aborted && error instanceof Error && error.name === 'AbortError' ? 'aborted' : 'threw';
      this.ledger.write({ event: 'end', at: steadyNow(), ...entry, how });
      throw error;
    }
  }
}
