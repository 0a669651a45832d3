import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForeignManagerError, SchemaVersionError, StoreError } from '../../errors/index.js';
import { Connection, fileOf } from './connection.js';
import { ENTITIES } from './entities/index.js';
import { MIGRATIONS } from './migrations/index.js';

describe('Connection', () => {
  let folder: string;
  let file: string;
  const opened: Array<{ close(): unknown }> = [];

  async function open(path = file, synchronous: 'full' | 'normal' = 'full'): Promise<Connection> {
    const connection = await Connection.open(path, synchronous);
    opened.push(connection);
    return connection;
  }

  function outside(path = file): Database.Database {
    const database = new Database(path, { timeout: 0 });
    opened.push(database);
    return database;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-connection-'));
    file = join(folder, 'data', 'tasks.db');
  });

  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('creates the file with its folder, in WAL, syncing every commit unless told otherwise', async () => {
    const { database } = await open();
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
    const relaxed = await open(file, 'normal');
    expect(relaxed.database.pragma('synchronous', { simple: true })).toBe(1);
  });

  it('has a column for every property of its entities, and the other way round', async () => {
    const { database } = await open();
    const source = new DataSource({ type: 'better-sqlite3', database: ':memory:', entities: ENTITIES });
    await source.initialize();
    for (const { tableName, columns } of source.entityMetadatas) {
      const stored = database.pragma(`table_info(${tableName})`) as { name: string; notnull: number; pk: number }[];
      expect(stored.map((column) => column.name).sort(), tableName).toEqual(
        columns.map((column) => column.databaseName).sort(),
      );
      for (const column of columns.filter(({ isPrimary }) => !isPrimary)) {
        const { notnull } = stored.find(({ name }) => name === column.databaseName)!;
        expect(notnull, `${tableName}.${column.databaseName}`).toBe(column.isNullable ? 0 : 1);
      }
    }
    await source.destroy();
  });

  it('migrates once when several processes open a new file together', async () => {
    const connections = await Promise.all(Array.from({ length: 5 }, () => open()));
    const rows = connections[0]!.database.prepare('SELECT name FROM tasks_migration').all();
    expect(rows).toEqual(MIGRATIONS.map(({ name }) => ({ name })));
  });

  it('waits for a file that another process holds, with the event loop free', async () => {
    await open();
    const holder = outside();
    holder.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
      if (turns === 20) holder.exec('COMMIT');
    }, 5);
    await open();
    clearInterval(counting);
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it('leaves nothing of a migration that did not come to its end', async () => {
    mkdirSync(join(folder, 'data'));
    // The last table of the migration is there already, in a shape of its own: the migration fails on its way.
    outside().exec('CREATE TABLE tasks_metric (own TEXT)');
    await expect(Connection.open(file, 'full')).rejects.toThrow(/tasks_metric already exists/);
    const tables = outside().prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
    expect(tables).toEqual([{ name: 'tasks_metric' }]);
  });

  it('refuses a file that a newer version wrote, naming what it does not know', async () => {
    const { database } = await open();
    database
      .prepare('INSERT INTO tasks_migration (timestamp, name) VALUES (?, ?)')
      .run(1999999999999, 'Future1999999999999');
    const opening = Connection.open(file, 'full');
    await expect(opening).rejects.toThrow(SchemaVersionError);
    await expect(opening).rejects.toThrow(/"Future1999999999999".*Update nestjs-tasks/);
  });

  it('says plainly that a file is not a database', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(file, 'name,email\nann,ann@example.com\n'.repeat(100));
    const opening = Connection.open(file, 'full');
    await expect(opening).rejects.toThrow(StoreError);
    await expect(opening).rejects.toThrow(/tasks\.db: the file is not a SQLite database \(SQLITE_NOTADB\)/);
  });

  it('says plainly that a file cannot be opened', async () => {
    mkdirSync(file, { recursive: true });
    await expect(Connection.open(file, 'full')).rejects.toThrow(/cannot be opened.*SQLITE_CANTOPEN/);
    writeFileSync(join(folder, 'no-folder'), '');
    await expect(Connection.open(join(folder, 'no-folder', 'tasks.db'), 'full')).rejects.toThrow(StoreError);
  });

  it('says plainly that a file is damaged', async () => {
    const connection = await open();
    connection.database.exec(`INSERT INTO tasks_count VALUES ('default', 'available', 1)`);
    await connection.close();
    // Page 1 keeps its head, so that it is still a database; the rest is noise.
    execFileSync('dd', ['if=/dev/urandom', `of=${file}`, 'bs=1', 'seek=100', 'count=20000', 'conv=notrunc'], {
      stdio: 'ignore',
    });
    const opening = Connection.open(file, 'full');
    await expect(opening).rejects.toThrow(StoreError);
    await expect(opening).rejects.toThrow(/the file is damaged: restore a backup/);
  });

  describe('and the app’s own DataSource', () => {
    async function source(database: string): Promise<DataSource> {
      const initialized = await new DataSource({ type: 'better-sqlite3', database }).initialize();
      opened.push({ close: () => initialized.destroy() });
      return initialized;
    }

    it('takes its file', async () => {
      expect(fileOf(await source(join(folder, 'app.db')))).toBe(join(folder, 'app.db'));
    });

    it('refuses one without a file', async () => {
      const memory = await source(':memory:');
      expect(() => fileOf(memory)).toThrow(StoreError);
      expect(() => fileOf(memory)).toThrow(/"database" instead of "dataSource"/);
    });

    it('knows whether a manager writes to its file', async () => {
      const connection = await open(join(folder, 'app.db'));
      const [same, other, memory] = [
        await source(join(folder, 'x', '..', 'app.db')),
        await source(join(folder, 'other.db')),
        await source(':memory:'),
      ];
      expect(() => connection.assertSameDatabase(same.manager)).not.toThrow();
      for (const foreign of [other, memory]) {
        expect(() => connection.assertSameDatabase(foreign.manager)).toThrow(ForeignManagerError);
        expect(() => connection.assertSameDatabase(foreign.manager)).toThrow(/dataSource: 'default'.*outbox/s);
      }
    });
  });
});
