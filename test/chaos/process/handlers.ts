import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { TaskContext } from '../../../lib/attempts/index.js';
import type { Clock } from '../../../lib/clock/index.js';
import { RetryLater } from '../../../lib/contract/index.js';
import { Cron, TaskHandler } from '../../../lib/nest/index.js';
import { type LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';
import type { Desk } from './desk.js';
import { type ChaosTasks, POISONED, SNOOZE_MS, TICK } from './setup.js';

/** Each notes in the ledger when it starts and how it ends. */
@Injectable()
export class Handlers {
  constructor(
    private readonly ledger: LedgerWriter<ProcessEvent>,
    private readonly desk: Desk,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  @Cron('* * * * * *', { name: TICK, queue: 'fast', catchUp: 'all', timeZone: 'UTC' })
  tick(task: TaskContext): Promise<void> {
    return this.noting(task, null, async () => undefined);
  }

  @TaskHandler('quick')
  quick(params: ChaosTasks['quick'], task: TaskContext): Promise<void> {
    return this.noting(task, params, async () => undefined);
  }

  @TaskHandler('brief')
  brief(params: ChaosTasks['brief'], task: TaskContext): Promise<void> {
    return this.noting(task, params, async () => undefined);
  }

  @TaskHandler('poison')
  poison(params: ChaosTasks['poison'], task: TaskContext): Promise<void> {
    return this.noting(task, params, async () => {
      this.ledger.write({ event: 'gone', at: steadyNow(), how: 'poisoned' });
      process.exit(POISONED);
    });
  }

  @TaskHandler('wait')
  wait(params: ChaosTasks['wait'], task: TaskContext): Promise<void> {
    const { ms, heedful } = params;
    return this.noting(task, params, async () => {
      await sleep(ms, undefined, heedful ? { signal: task.signal } : {});
    });
  }

  @TaskHandler('block')
  block(params: ChaosTasks['block'], task: TaskContext): Promise<void> {
    return this.noting(task, params, async () => {
      const end = performance.now() + params.ms;
      while (performance.now() < end);
    });
  }

  @TaskHandler('fail')
  fail(params: ChaosTasks['fail'], task: TaskContext): Promise<void> {
    const { failures, retries, ms } = params;
    return this.noting(task, params, async () => {
      if (ms > 0) await sleep(ms, undefined, { signal: task.signal });
      const excused = task.maxAttempts - (retries + 1);
      if (task.attempt - excused <= failures) throw new Error('failed on purpose');
    });
  }

  @TaskHandler('snooze')
  snooze(params: ChaosTasks['snooze'], task: TaskContext): Promise<void> {
    return this.noting(task, params, async () => {
      if (task.attempt === 1) throw new RetryLater(SNOOZE_MS, { countsAttempt: false });
    });
  }

  @TaskHandler('spawn')
  spawn(params: ChaosTasks['spawn'], task: TaskContext): Promise<void> {
    return this.noting(task, params, async () => {
      await this.desk.allow(this.desk.queueMany(task.dispatcher, 'quick', params.children));
      await this.desk.allow(this.desk.queue(task.dispatcher, 'quick', { key: this.desk.key() }));
    });
  }

  @TaskHandler('report')
  report(params: ChaosTasks['report'], task: TaskContext): Promise<void> {
    const { steps } = params;
    return this.noting(task, params, async () => {
      for (let step = 1; step <= steps; step += 1) {
        task.progress((100 * step) / steps, `step ${step}`);
        task.log(`step ${step} of ${steps}`);
        await sleep(5, undefined, { signal: task.signal });
      }
    });
  }

  @TaskHandler('transact')
  transact(params: ChaosTasks['transact'], task: TaskContext): Promise<void> {
    return this.noting(task, params, () => this.desk.allow(this.desk.queueWithin(task.dispatcher, params.commits)));
  }

  private async noting(
    { id, attempt, name, signal }: TaskContext,
    params: object | null,
    work: () => Promise<void>,
  ): Promise<void> {
    const entry = { task: id, attempt };
    const text = params && JSON.stringify(params);
    this.ledger.write({ event: 'start', at: steadyNow(), ...entry, name, params: text, clock: this.clock.now() });
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
