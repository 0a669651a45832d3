import Database from 'better-sqlite3';
import { Column, DataSource, DefaultNamingStrategy, Entity, PrimaryColumn } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutboxSite } from '../../test/support/outbox-site.js';
import { StoppedTime } from '../../test/support/stopped-time.js';
import { until } from '../../test/support/until.js';
import { StoreError, TasksConfigError } from '../contract/index.js';
import { outboxMigrations } from './migrations.js';
import type { Outbox } from './outbox.js';
import { OutboxTask } from './outbox-task.entity.js';
import { SqliteSource } from './sqlite-source.js';

@Entity('orders')
class Order {
  @PrimaryColumn('integer')
  id!: number;

  @Column('text')
  text!: string;
}

describe('An outbox that opens', () => {
  let site: OutboxSite;

  beforeEach(async () => {
    site = await OutboxSite.open();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await site.close();
  });

  it('has its entity read its table, whatever prefix the app gives those of its own', async () => {
    const app = await new DataSource({
      ...site.app.options,
      entityPrefix: 'shop_',
      entities: [Order, OutboxTask],
    }).initialize();
    const outbox = site.outbox({ dataSource: app });
    await outbox.open();
    site.refuse = () => new StoreError('away');
    await app.transaction((manager) => outbox.add(manager, [site.task('one')]));
    expect(await app.getRepository(OutboxTask).find()).toMatchObject([{ id: 'one', store: 'this-store' }]);
    expect(app.getMetadata(Order).tablePath).toBe('shop_orders');
    await outbox.close();
    await app.destroy();
  });

  it('has its entity read its table, whatever a naming strategy of the app makes of tables and columns', async () => {
    class Shouting extends DefaultNamingStrategy {
      override tableName(className: string, given: string | undefined): string {
        return `T_${given ?? className}`;
      }
      override columnName(property: string, given: string | undefined): string {
        return `C_${given ?? property}`;
      }
    }
    const app = await new DataSource({
      ...site.app.options,
      namingStrategy: new Shouting(),
      entities: [Order, OutboxTask],
    }).initialize();
    const outbox = site.outbox({ dataSource: app });
    await outbox.open();
    site.refuse = () => new StoreError('away');
    await app.transaction((manager) => outbox.add(manager, [site.task('one', { maxAttempts: 7 })]));
    const found = await app.getRepository(OutboxTask).findBy({ maxAttempts: 7 });
    expect(found).toMatchObject([{ id: 'one', store: 'this-store', maxAttempts: 7 }]);
    expect(app.getMetadata(Order).columns[0]!.databaseName).toBe('C_id');
    await outbox.close();
    await app.destroy();
  });

  it('leaves the entities of an app alone that has not its own among them', async () => {
    const app = await new DataSource({ ...site.app.options, entities: [Order] }).initialize();
    const outbox = site.outbox({ dataSource: app });
    await outbox.open();
    expect(app.getMetadata(Order).tablePath).toBe('orders');
    await outbox.close();
    await app.destroy();
  });

  it('says what it is of where the app has but one DataSource', async () => {
    const app = new DataSource({ type: 'better-sqlite3', database: ':memory:' });
    const opening = site.outbox({ dataSource: app }).open();
    await expect(opening).rejects.toThrow(TasksConfigError);
    await expect(opening).rejects.toThrow('the database of the DataSource must be a file');
  });

  describe('while another process has the file locked', () => {
    let other: Database.Database;

    beforeEach(async () => {
      await site.app.query('PRAGMA busy_timeout = 0');
      other = new Database(site.app.options.database as string);
    });
    afterEach(() => {
      vi.restoreAllMocks();
      other.close();
    });

    /** Resolves when a statement of the app has met the lock. */
    function met(): Promise<void> {
      return new Promise((resolve) => {
        vi.spyOn(site.app.logger, 'logQueryError').mockImplementation(() => resolve());
      });
    }

    it.each([
      ['looks for its table', 'BEGIN EXCLUSIVE', false],
      ['makes its table', 'BEGIN IMMEDIATE', false],
      ['has refused rows tried again', 'BEGIN IMMEDIATE', true],
    ])('waits for it, though the app itself would not, where it %s', async (_what, lock, isThere) => {
      if (isThere) for (const Migration of outboxMigrations) await new Migration().up(site.app.createQueryRunner());
      other.exec(lock);
      const locked = met();
      const outbox = site.outbox();
      const opening = outbox.open();
      await Promise.race([locked, opening]);
      other.exec('COMMIT');
      await opening;
      await site.add(outbox, site.task('one'));
      await until('the task to be handed over', () => site.stored.length > 0);
    });

    it('says so after half a minute', async () => {
      const time = new StoppedTime();
      vi.spyOn(site.app.logger, 'logQueryError').mockImplementation(() => time.advance(15_001));
      other.exec('BEGIN EXCLUSIVE');
      const opening = site.outbox({ label: 'the DataSource "shop"' }).open();
      await expect(opening).rejects.toThrow(StoreError);
      await expect(opening).rejects.toThrow('The outbox in the DataSource "shop" cannot be read: database is locked');
      time.goOn();
    });

    it('waits no longer once it is closed', async () => {
      other.exec('BEGIN EXCLUSIVE');
      const locked = met();
      const outbox = site.outbox();
      const opening = outbox.open();
      await locked;
      await outbox.close();
      await expect(opening).rejects.toThrow('database is locked');
    });
  });

  it('says what would help where it may not make its table, and gives the connection back', async () => {
    const cause = new Error('may not');
    vi.spyOn(outboxMigrations[0]!.prototype, 'up').mockRejectedValue(cause);
    const release = vi.spyOn(site.app.createQueryRunner(), 'release');
    const opening = site.outbox({ label: 'the DataSource "shop"' }).open();
    await expect(opening).rejects.toMatchObject({
      message:
        '"outbox": the table "nestjs_tasks_outbox" cannot be made or changed in the DataSource "shop". Let its user do ' +
        'that, or have the migrations in "outboxMigrations" of nestjs-tasks run by who may, and give "migrate": false: ' +
        'may not',
      cause,
    });
    expect(release).toHaveBeenCalledTimes(1);
  });

  it('warns of a store that is away from the start', async () => {
    const before = site.outbox();
    await before.open();
    site.refuse = () => new StoreError('away');
    await site.add(before, site.task('one'));
    await before.close();
    site.warnings.length = 0;
    await site.outbox().open();
    await until('a warning', () => site.warnings.length > 0);
  });

  it('leaves nothing open where it was closed meanwhile', async () => {
    const closed = vi.spyOn(SqliteSource.prototype, 'close');
    const outbox = site.outbox();
    const opening = outbox.open();
    await outbox.close();
    await opening;
    expect([site.app.subscribers, site.clock.nextAt]).toEqual([[], null]);
    expect(closed).toHaveBeenCalledTimes(1);
  });

  describe('that must not make its table', () => {
    let outbox: Outbox;

    beforeEach(() => {
      outbox = site.outbox({ migrate: false });
    });

    it('is refused where there is none', async () => {
      await expect(outbox.open()).rejects.toThrow(TasksConfigError);
      await expect(outbox.open()).rejects.toThrow(
        /the database has no table "nestjs_tasks_outbox".*"outboxMigrations"/,
      );
      expect(site.app.subscribers).toEqual([]);
    });

    it.each([1, 2])('is refused where the table is of an earlier version: %i', async (many) => {
      const runner = site.app.createQueryRunner();
      for (const Migration of outboxMigrations.slice(0, many)) await new Migration().up(runner);
      await expect(outbox.open()).rejects.toThrow(TasksConfigError);
      await expect(outbox.open()).rejects.toThrow(/is of an earlier version. Run the migrations in "outboxMigrations"/);
    });

    it('is open where the app’s migrations have made it', async () => {
      const runner = site.app.createQueryRunner();
      for (const Migration of outboxMigrations) await new Migration().up(runner);
      await outbox.open();
      await site.add(outbox, site.task('one'));
      await until('the task to be handed over', () => site.stored.length > 0);
    });
  });

  it('has its table made where another was about it at the same time, and says what keeps it from that', async () => {
    const up = vi.spyOn(outboxMigrations[1]!.prototype, 'up');
    up.mockRejectedValueOnce(new Error('exists already'));
    await site.outbox().open();
    expect(up).toHaveBeenCalledTimes(2);
    await site.app.query('DROP TABLE nestjs_tasks_outbox');
    up.mockReset();
    up.mockRejectedValue(new Error('may not'));
    await expect(site.outbox().open()).rejects.toThrow('may not');
    expect(up).toHaveBeenCalledTimes(6);
  });
});
