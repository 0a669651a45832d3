import type { EngineContext } from '../../port/index.js';
import type { Connection } from '../store/connection.js';
import { nextDue, promoteTasks } from '../sql/promote-tasks.js';
import type { Writer } from '../store/writer.js';
import { Duty } from './duty.js';

/** Promoted in one transaction; more follow in the next, and claims come between. */
const BATCH = 500;

/** Makes tasks available when their time has come: `scheduled` and `retryable` ──> `available`. */
export class Promoter extends Duty {
  constructor(
    context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
  }

  protected async run(): Promise<number | null> {
    const now = this.clock.now();
    const due = await this.connection.read(nextDue);
    if (due === null || due > now) return due;
    const promoted = await this.writer.write((transaction) => promoteTasks(transaction, now, BATCH));
    return promoted === BATCH ? now : this.connection.read(nextDue);
  }
}
