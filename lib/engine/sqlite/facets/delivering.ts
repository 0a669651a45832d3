import type { ConsumeOptions, Consumer, Delivering, RunTask } from '../../port/index.js';
import type { SqliteStore } from '../sqlite-store.js';

export class SqliteDelivering implements Delivering {
  constructor(private readonly store: SqliteStore) {}

  async consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    const { ticker, workForce } = this.store.opened;
    // A process that works on tasks ticks too: also schedules that an earlier process added at run time.
    ticker.start();
    return workForce.consume(queue, options, run);
  }
}
