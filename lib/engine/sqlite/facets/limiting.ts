import { turn } from '../../../clock/index.js';
import type { LimitStatus, PauseSelector, RateLimit, TaskPause } from '../../../contract/index.js';
import type { EngineContext, Limiting } from '../../port/index.js';
import { queueRows } from '../sql/claim-tasks.js';
import { closedUntil, limitClosedUntil } from '../sql/closed-limits.js';
import { countParked, unparkAny } from '../sql/parked-tasks.js';
import { addPause, dropPause, pausesIn, pauseReason } from '../sql/pause-rows.js';
import { parsedFlow } from '../sql/flow-rows.js';
import { allCounts } from '../sql/queue-depths.js';
import { limitNamed, limitOfQueue, usedPlaces } from '../sql/start-log.js';
import type { SqliteStore } from '../sqlite-store.js';

/** Let in by one transaction; claims and enqueues of others come between. */
const BATCH = 500;

export class SqliteLimiting implements Limiting {
  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock'>,
  ) {}

  async limits(limits: ReadonlyArray<RateLimit & Pick<LimitStatus, 'name' | 'kind'>>): Promise<readonly LimitStatus[]> {
    const now = this.context.clock.now();
    return this.store.opened.connection.read((database) => {
      const queues = queueRows(database);
      const set = [...queues.values()].flatMap(({ name, flow_set }) => {
        const { rateLimit } = parsedFlow(flow_set);
        return rateLimit ? [{ name, kind: 'queue' as const, ...rateLimit }] : [];
      });
      const others = limits.filter(({ name, kind }) => kind === 'shared' || !set.some((each) => each.name === name));
      return [...others, ...set].map(({ name, kind, max, per }) => {
        const stored = kind === 'queue' ? limitOfQueue(name) : limitNamed(name);
        const row = queues.get(name);
        const closed = kind === 'shared' ? limitClosedUntil(database, stored, now) : row ? closedUntil(row, now) : null;
        const waiting = countParked(database, stored).reduce((sum, { count }) => sum + count, 0);
        return {
          name,
          kind,
          max,
          per,
          used: usedPlaces(database, { name: stored, max, per }, now),
          closedUntil: closed,
          waiting,
        };
      });
    });
  }

  async pause(selector: PauseSelector): Promise<void> {
    const now = this.context.clock.now();
    await this.store.opened.writer.write((transaction) => {
      addPause(transaction, selector, now);
      // What was claimed ahead in this process is handed back; the next claim leaves out what the pause is about.
      for (const [queue, { running }] of allCounts(transaction.database)) {
        if (running > 0) transaction.paused.add(queue);
        transaction.touch(queue);
      }
    });
  }

  async resume(selector: PauseSelector): Promise<void> {
    const { writer } = this.store.opened;
    const reason = pauseReason(selector);
    await writer.write((transaction) => dropPause(transaction, selector));
    while ((await writer.write((transaction) => unparkAny(transaction, reason, BATCH))) === BATCH) await turn();
  }

  async pauses(): Promise<readonly TaskPause[]> {
    return this.store.opened.connection.read(pausesIn);
  }
}
