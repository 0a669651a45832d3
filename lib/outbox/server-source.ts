import { createHash } from 'node:crypto';
import type { DataSource, QueryRunner } from 'typeorm';
import { escapedJson } from './astral.js';
import { asideOf } from './handing-over.js';
import { handful } from './handful.js';
import type { HandOver, OutboxSource } from './outbox-source.js';
import { type OutboxRow, OutboxTable, type WaitingRow } from './outbox-table.js';

/**
 * PostgreSQL, MySQL and MariaDB. One relay works at a time, under a lock that the server frees when its process dies:
 * two would overtake each other, and one that was held up could hand over a task that has run and was deleted since.
 */
export class ServerSource implements OutboxSource {
  readonly blocked = false;
  private readonly table: OutboxTable;

  /** @param store whose rows are relayed */
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: string,
  ) {
    this.table = new OutboxTable(dataSource);
  }

  async relay(handOver: HandOver): Promise<number> {
    const runner = this.dataSource.createQueryRunner();
    const isPostgres = this.dataSource.options.type === 'postgres';
    let locked = false;
    try {
      await runner.startTransaction('READ COMMITTED');
      locked = await lock(runner, isPostgres, this.store);
      const first: OutboxRow[] = locked ? await runner.query(this.table.first, [this.store]) : [];
      const rows = await handful(first, async (position) => {
        const [row]: Array<Pick<OutboxRow, 'params'>> = await runner.query(this.table.paramsOf, [position]);
        return row?.params as string | undefined;
      });
      let done = 0;
      if (rows.length > 0) {
        const notStored = await handOver(rows);
        const aside = asideOf(notStored);
        for (const [position, problem] of aside) {
          await runner.query(this.table.setAside, [escapedJson(problem), position]);
        }
        const stored = rows.map(({ position }) => position).filter((position) => !notStored.has(position));
        if (stored.length > 0) await runner.query(this.table.delete(stored.length), stored);
        done = stored.length + aside.length;
      }
      await runner.commitTransaction();
      return done;
    } catch (error) {
      // The connection may be what failed; the error that says so is the one to tell.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      if (locked && !isPostgres)
        await runner.query(`SELECT RELEASE_LOCK('${LOCK_NAME}:${lockOf(this.store)}')`).catch(() => undefined);
      await runner.release();
    }
  }

  async waiting(): Promise<WaitingRow[]> {
    return this.dataSource.query(this.table.waiting, [this.store]);
  }

  async close(): Promise<void> {}
}

const LOCK_NAME = 'nestjs_tasks_outbox';
/** Any number that nobody else is likely to use. */
const LOCK_NUMBER = 731_742_065;

/** Stores do not wait for each other. */
function lockOf(store: string): number {
  return createHash('sha256').update(store).digest().readInt32BE();
}

async function lock(runner: QueryRunner, isPostgres: boolean, store: string): Promise<boolean> {
  const rows: Array<{ locked: unknown }> = await runner.query(
    isPostgres
      ? `SELECT pg_try_advisory_xact_lock(${LOCK_NUMBER}, ${lockOf(store)}) AS locked`
      : `SELECT GET_LOCK('${LOCK_NAME}:${lockOf(store)}', 0) AS locked`,
  );
  return rows[0]?.locked === true || Number(rows[0]?.locked) === 1;
}
