import { ENDED_STATES } from '../../../contract/index.js';
import type { EngineContext } from '../../port/index.js';
import { deleteExcess, excesses } from '../sql/excess-tasks.js';
import type { Connection } from '../store/connection.js';
import type { Writer } from '../store/writer.js';
import { Duty } from './duty.js';

/** Deleted in one transaction; more follow in the next, and claims come between. */
const BATCH = 200;
/** What ends meanwhile is looked at together. */
const PAUSE_MS = 1_000;
/** Between two looks for tasks whose keys are kept for a time. */
const LOOK_AGAIN_MS = 60_000;

/** Deletes the tasks that ended first where a queue keeps so many and has more. There is none where no queue does. */
export class CountPruner extends Duty {
  protected override readonly name = 'CountPruner';
  constructor(
    private readonly context: EngineContext & { readonly keepAtMost: NonNullable<EngineContext['keepAtMost']> },
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
  }

  /** A task may have ended. */
  override committed(): void {
    this.expect(this.clock.now() + PAUSE_MS);
  }

  protected async run(): Promise<number | null> {
    const { keepAtMost } = this.context;
    const found = await this.connection.read((database) => excesses(database, ENDED_STATES, keepAtMost));
    if (found.length === 0) return null;
    const now = this.clock.now();
    const deleted = await this.writer.write((transaction) => {
      let gone = 0;
      // As the counters say now: another process may have deleted some.
      for (const excess of excesses(transaction.database, ENDED_STATES, keepAtMost)) {
        if (gone === BATCH) break;
        // What must not go yet takes no room from others.
        gone += deleteExcess(transaction, excess, BATCH - gone, now);
      }
      return gone;
    });
    // What is left holds keys by time.
    return deleted > 0 ? now : now + LOOK_AGAIN_MS;
  }
}
