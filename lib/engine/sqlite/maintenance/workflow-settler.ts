import type { EngineContext } from '../../port/index.js';
import { nextSettlingAt, settleWorkflows } from '../sql/settle-workflows.js';
import type { Connection } from '../store/connection.js';
import type { Committed } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { Duty } from './duty.js';

/** Rows that one transaction is about; more follow in the next, and claims come between. */
const BATCH = 200;

/**
 * Has workflows go on: what waits for tasks that have ended may run, or never will. Every process with the store open takes
 * part. Asleep where there is no workflow: a plain task does not wake it.
 */
export class WorkflowSettler extends Duty {
  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
  }

  /** Looks once what there is: another process may have died in the middle. */
  async open(): Promise<void> {
    const next = this.connection.read(nextSettlingAt);
    // A fault is the first round's to report, and to try again after.
    this.startAt(await next.then((time) => time ?? Infinity).catch(() => this.clock.now()));
  }

  override committed({ settleAt }: Committed): void {
    if (settleAt < Infinity) this.expect(settleAt);
  }

  protected async run(): Promise<number | null> {
    const now = this.clock.now();
    const next = await this.connection.read(nextSettlingAt);
    if (next === null || next > now) return next;
    const rules = { now, keepFor: this.context.keepFor };
    const isMore = await this.writer.write((transaction) => settleWorkflows(transaction, rules, BATCH));
    return isMore ? now : this.connection.read(nextSettlingAt);
  }
}
