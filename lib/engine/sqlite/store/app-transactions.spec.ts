import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import Database from 'better-sqlite3';
import type { DataSource, EntityManager } from 'typeorm';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { StoreError } from '../../../contract/index.js';
import type { StepLease, StepPlace, StepRecord } from '../../port/index.js';
import { AppTransactions } from './app-transactions.js';

const PLACE: StepPlace = { kind: 'step', name: 'charge', number: 0 };
const DONE: StepRecord = {
  ...PLACE,
  position: 1,
  result: '"ok"',
  sensitive: [],
  wait: null,
  startedAt: 5,
  finishedAt: 6,
};

describe('Transactions of an app in which steps are recorded', () => {
  let site: QuietStore;
  let app: DataSource;
  let transactions: AppTransactions;
  let lease: StepLease;

  beforeEach(async () => {
    site = await QuietStore.openFile();
    app = await site.runWithin(async (manager) => manager.connection);
    await app.query('CREATE TABLE orders (n INTEGER)');
    transactions = new AppTransactions(app);
    const [id] = site.add({});
    site.claim();
    lease = { id: id!, queue: 'default', attempt: 1, worker: 'one' };
  });
  afterEach(() => site.close());

  const order =
    (n: number, record: StepRecord = DONE) =>
    async (manager: EntityManager): Promise<StepRecord> => {
      await manager.query(`INSERT INTO orders VALUES (${n})`);
      return record;
    };
  const orders = async (): Promise<number[]> =>
    (await app.query('SELECT n FROM orders ORDER BY n')).map(({ n }: { n: number }) => n);
  const steps = () =>
    site.find('SELECT name, number, position, result, attempt, started_at, finished_at FROM tasks_step');

  it('store the step with what the app stores', async () => {
    expect(await transactions.run(lease, PLACE, order(1))).toBe(true);
    expect(await orders()).toEqual([1]);
    const row = { name: 'charge', number: 0, position: 1, result: '"ok"', attempt: 1, started_at: 5, finished_at: 6 };
    expect(steps()).toEqual([row]);
    expect(site.row(lease.id)).toMatchObject({ beside: 1 });
  });

  it('have a record of the step that began while they run', async () => {
    await transactions.run(lease, PLACE, async (manager) => {
      const [begun] = await manager.query('SELECT name, position, result, started_at, finished_at FROM tasks_step');
      expect(begun).toEqual({ name: 'charge', position: 0, result: null, started_at: 0, finished_at: null });
      return DONE;
    });
  });

  it('store nothing of what throws, and throw what it threw', async () => {
    const thrown = new RangeError('no');
    const failing = transactions.run(lease, PLACE, async (manager) => {
      await order(1)(manager);
      throw thrown;
    });
    await expect(failing).rejects.toBe(thrown);
    expect([await orders(), steps()]).toEqual([[], []]);
    expect(await transactions.run(lease, PLACE, order(2))).toBe(true);
  });

  it('are not tried again where what they run looks like a lock that somebody has', async () => {
    let runs = 0;
    const thrown = Object.assign(new Error('mine'), { code: 'SQLITE_BUSY' });
    const failing = transactions.run(lease, PLACE, () => {
      runs += 1;
      return Promise.reject(thrown);
    });
    await expect(failing).rejects.toBe(thrown);
    expect(runs).toBe(1);
  });

  it.each([{ attempt: 2 }, { worker: 'another' }])('do nothing where the lease was lost before: %o', async (other) => {
    let runs = 0;
    const run = () => Promise.resolve(((runs += 1), DONE));
    expect(await transactions.run({ ...lease, ...other }, PLACE, run)).toBe(false);
    expect([runs, steps()]).toEqual([0, []]);
  });

  it('are taken back where the lease is lost by what they run', async () => {
    const lost = transactions.run(lease, PLACE, async (manager) => {
      await manager.query('DELETE FROM tasks_task');
      return order(1)(manager);
    });
    expect(await lost).toBe(false);
    expect([await orders(), steps()]).toEqual([[], []]);
    expect(site.row(lease.id)).toMatchObject({ state: 'running' });
  });

  it('run one after the other, also after one that failed', async () => {
    const log: string[] = [];
    const step = (name: string, fails = false) =>
      transactions.run(lease, { ...PLACE, name }, async () => {
        log.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push(`${name} ends`);
        if (fails) throw new Error('no');
        return { ...DONE, name };
      });
    const [first, second, third] = [step('a'), step('b', true), step('c')];
    await expect(second).rejects.toThrow('no');
    expect(await Promise.all([first, third])).toEqual([true, true]);
    expect(log).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('wait while the app has a transaction open, and for a lock that somebody else has', async () => {
    const runner = app.createQueryRunner();
    await runner.startTransaction();
    const waiting = transactions.run(lease, PLACE, order(1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(steps()).toEqual([]);
    await runner.commitTransaction();
    await runner.release();
    expect(await waiting).toBe(true);

    await app.query('PRAGMA busy_timeout = 0');
    const other = new Database(app.options.database as string);
    other.exec('BEGIN IMMEDIATE');
    const locked = transactions.run(lease, { ...PLACE, number: 1 }, order(2, { ...DONE, number: 1 }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    other.exec('COMMIT');
    other.close();
    expect(await locked).toBe(true);
  });

  it('are refused as an error of the store where that is at fault', async () => {
    await app.query('DROP TABLE tasks_step');
    const failing = transactions.run(lease, PLACE, order(1));
    await expect(failing).rejects.toThrow(StoreError);
    await expect(failing).rejects.toThrow('The step was not recorded, and what its transaction did was taken back');
    await app.query('CREATE TABLE tasks_step (task)');
  });
});
