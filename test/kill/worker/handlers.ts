import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { TaskContext } from '../../../lib/attempts/index.js';
import { TaskHandler } from '../../../lib/nest/index.js';
import { Ledger } from '../support/ledger.js';
import type { Fate } from './kill-point.js';
import type { WorkerTasks } from './setup.js';

/** The handlers of a worker process. Each writes to the ledger when it starts and when it ends, also when it throws. */
@Injectable()
export class Handlers {
  constructor(
    private readonly ledger: Ledger,
    private readonly process: string,
    private readonly fate: Fate,
  ) {}

  @TaskHandler('quick')
  async quick(_params: WorkerTasks['quick'], task: TaskContext): Promise<void> {
    await this.noting(task, async () => undefined);
  }

  @TaskHandler('wait')
  async wait({ ms }: WorkerTasks['wait'], task: TaskContext): Promise<void> {
    await this.noting(task, async () => {
      await sleep(ms, undefined, { signal: task.signal });
    });
  }

  @TaskHandler('block')
  async block({ ms }: WorkerTasks['block'], task: TaskContext): Promise<void> {
    await this.noting(task, async () => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    });
  }

  @TaskHandler('fail')
  async fail({ failures, retries }: WorkerTasks['fail'], task: TaskContext): Promise<void> {
    await this.noting(task, async () => {
      const excused = task.maxAttempts - (retries + 1);
      if (task.attempt - excused <= failures) throw new Error('failed on purpose');
    });
  }

  @TaskHandler('die')
  async die(_params: WorkerTasks['die'], task: TaskContext): Promise<void> {
    await this.noting(task, async () => {
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    });
  }

  @TaskHandler('spawn')
  async spawn(_params: WorkerTasks['spawn'], task: TaskContext): Promise<void> {
    await this.noting(task, async () => {
      const child = await task.dispatcher.queue('work', 'quick', {});
      this.ledger.write({ event: 'acknowledged', process: this.process, task: child.id });
    });
  }

  @TaskHandler('follow', { result: true })
  async follow(_params: WorkerTasks['follow'], task: TaskContext): Promise<{ first: string }> {
    const first = await task.queue('left', 'quick', {}, { with: 'completion' });
    await task.queue('left', 'quick', {}, { with: 'completion', key: 'second', delay: '30d' });
    return { first: first.id };
  }

  private async noting({ id, name, attempt }: TaskContext, work: () => Promise<void>): Promise<void> {
    const entry = { process: this.process, name, task: id, attempt };
    this.fate.work();
    this.ledger.write({ event: 'start', ...entry });
    try {
      await work();
    } finally {
      this.ledger.write({ event: 'end', ...entry });
    }
  }
}
