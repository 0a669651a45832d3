import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ForeignManagerError, SchemaVersionError, StoreError } from '../../../contract/index.js';
import { writeEmptyStore } from '../../../../test/support/empty-store.js';
import { heartbeatFolder } from '../process/heartbeat.js';
import { fileOf } from './app-data-source.js';
import { Connection } from './connection.js';
import { connectTo, type OpenDatabase } from './open-file.js';
import { openConnection } from './open-connection.js';
import { TASKS_ENTITIES } from './entities/index.js';
import { TASKS_MIGRATIONS } from './migrations/index.js';

interface StoredColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
  readonly dflt_value: string | null;
}

describe('Connection', () => {
  let folder: string;
  let file: string;
  const opened: Array<{ close(): unknown }> = [];

  async function open(path = file, synchronous: 'full' | 'normal' = 'full'): Promise<Connection> {
    const connection = await openConnection(path, synchronous);
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

  it('has the tables, columns, types, keys and defaults that its entities name, and no others', async () => {
    const { database } = await open();
    const source = new DataSource({ type: 'better-sqlite3', database: ':memory:', entities: TASKS_ENTITIES });
    await source.initialize();
    const named = source.entityMetadatas.map(({ tableName, columns }) => [
      tableName,
      columns.map(({ databaseName, type, isNullable, isPrimary, default: initial }) => ({
        name: databaseName,
        type: String(type).toUpperCase(),
        // SQLite has the row's number for such a key, which is never NULL.
        notnull: Number(!isNullable && !isPrimary),
        pk: isPrimary,
        default: initial === undefined ? null : JSON.stringify(initial).replaceAll('"', "'"),
      })),
    ]);
    const tables = database
      .prepare(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'tasks%' AND name <> 'tasks_migration'`,
      )
      .pluck()
      .all() as string[];
    const stored = tables.map((table) => [
      table,
      (database.pragma(`table_info(${table})`) as StoredColumn[]).map(({ name, type, notnull, pk, dflt_value }) => ({
        name,
        type,
        notnull: pk ? 0 : notnull,
        pk: pk > 0,
        default: dflt_value,
      })),
    ]);
    const byName = (columns: unknown) => (columns as { name: string }[]).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const shape = (all: unknown[][]) => Object.fromEntries(all.map(([table, columns]) => [table, byName(columns)]));
    expect(shape(stored)).toEqual(shape(named));
    await source.destroy();
  });

  it('knows its own file where a bundler that minifies has renamed the classes', async () => {
    const names = TASKS_MIGRATIONS.map((Migration) => Migration.name);
    for (const Migration of TASKS_MIGRATIONS) Object.defineProperty(Migration, 'name', { value: 'a' });
    try {
      await open();
      const { database } = await open();
      const rows = database.prepare('SELECT name FROM tasks_migration ORDER BY id').all();
      expect(rows).toEqual(names.map((name) => ({ name })));
    } finally {
      for (const [index, Migration] of TASKS_MIGRATIONS.entries()) {
        Object.defineProperty(Migration, 'name', { value: names[index] });
      }
    }
  });

  it.skipIf(process.platform !== 'linux')('leaves none of its files open when it is closed', async () => {
    await writeEmptyStore(file);
    const held = () =>
      readdirSync('/proc/self/fd').filter((descriptor) => {
        try {
          return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
        } catch {
          return false; // The descriptor of the listing itself.
        }
      });
    const connection = await open();
    connection.begin();
    connection.commit();
    expect(held().length).toBeGreaterThan(1);
    await connection.close();
    expect(held()).toEqual([]);
  });

  it('migrates once when several processes open a new file together', async () => {
    const connections = await Promise.all(Array.from({ length: 5 }, () => open()));
    const rows = connections[0]!.database.prepare('SELECT name FROM tasks_migration').all();
    expect(rows).toEqual(TASKS_MIGRATIONS.map(({ name }) => ({ name })));
  });

  it('opens the file once more where another thread of its process writes too, as its lock was lost while it migrated', async () => {
    mkdirSync(folder, { recursive: true });
    const path = join(realpathSync(folder), 'tasks.db');
    const note = join(heartbeatFolder(path)!, 'writer');
    const migrate = vi.fn(async () => {
      if (migrate.mock.calls.length > 1) return;
      const mine = readFileSync(note);
      mine.writeUInt32LE(mine.readUInt32LE(mine.length - 4) + 1, mine.length - 4);
      writeFileSync(note, mine);
    });
    const connect = async () => {
      const database = new Database(path, { timeout: 0 });
      return { database, end: () => void database.close() };
    };
    const connection = await Connection.open({
      path,
      synchronous: 'full',
      connect,
      migrate,
      logger: { warn: () => undefined },
    });
    opened.push(connection);
    expect(migrate).toHaveBeenCalledTimes(2);
    connection.begin();
    connection.commit();
  });

  it('leaves no note that it writes, whether it made the tables or found them', async () => {
    const noted = (): string => readFileSync(join(heartbeatFolder(file)!, 'writer'), 'utf8').slice(0, 1);
    for (let opening = 0; opening < 2; opening += 1) {
      await open();
      expect(noted()).toBe('-');
    }
  });

  it('opens a file whose tables are of this version beside a process that writes to it', async () => {
    await writeEmptyStore(file);
    const first = await open();
    const holder = outside();
    holder.exec('BEGIN IMMEDIATE');
    const second = await open();
    holder.exec('COMMIT');
    // Both have the version by which a change of the tables is noticed.
    for (const connection of [first, second]) {
      connection.begin();
      connection.commit();
    }
    holder.exec(`INSERT INTO tasks_migration (timestamp, name) VALUES (1999999999999, 'Future1999999999999')`);
    holder.exec('CREATE TABLE tasks_future (own TEXT)');
    for (const connection of [first, second]) expect(() => connection.begin()).toThrow(/newer version/);
  });

  it('waits for a file that has no tables yet while another process holds it, with the event loop free', async () => {
    mkdirSync(join(folder, 'data'));
    const holder = outside();
    holder.pragma('journal_mode = WAL');
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

  it('opens what is there by then where another file was put there while it was being opened, as a restore does', async () => {
    const restored = join(folder, 'restored.db');
    await (await openConnection(restored, 'full')).close();
    await (await openConnection(file, 'full')).close();
    let times = 0;
    const connect = async (): Promise<OpenDatabase> => {
      const opening = await connectTo(file);
      if ((times += 1) === 1) {
        renameSync(file, `${file}.kept`);
        renameSync(restored, file);
      }
      return opening;
    };
    const logger = { log: () => undefined, warn: () => undefined };
    const migrate = async (): Promise<void> => undefined;
    const connection = await Connection.open({ path: file, synchronous: 'full', connect, migrate, logger });
    opened.push(connection);
    connection.begin();
    connection.database.exec('CREATE TABLE written (value INTEGER)');
    connection.commit();
    const tables = (path: string): unknown[] =>
      outside(path).prepare(`SELECT name FROM sqlite_master WHERE name = 'written'`).all();
    expect([tables(file), tables(`${file}.kept`)]).toEqual([[{ name: 'written' }], []]);
  });

  it('leaves nothing of a migration that did not come to its end', async () => {
    mkdirSync(join(folder, 'data'));
    // The last table of the migration is there already, in a shape of its own: the migration fails on its way.
    outside().exec('CREATE TABLE tasks_metric (own TEXT)');
    await expect(openConnection(file, 'full')).rejects.toThrow(/tasks_metric already exists/);
    const tables = outside().prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
    expect(tables).toEqual([{ name: 'tasks_metric' }]);
  });

  it('refuses a file that a newer version wrote, naming what it does not know', async () => {
    await writeEmptyStore(file);
    const { database } = await open();
    database
      .prepare('INSERT INTO tasks_migration (timestamp, name) VALUES (?, ?)')
      .run(1999999999999, 'Future1999999999999');
    const opening = openConnection(file, 'full');
    await expect(opening).rejects.toThrow(SchemaVersionError);
    await expect(opening).rejects.toThrow(/"Future1999999999999".*Update nestjs-tasks/);
  });

  it('says plainly that a file is not a database', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(file, 'name,email\nann,ann@example.com\n'.repeat(100));
    const opening = openConnection(file, 'full');
    await expect(opening).rejects.toThrow(StoreError);
    await expect(opening).rejects.toThrow(/tasks\.db: the file is not a SQLite database \(SQLITE_NOTADB\)/);
  });

  it('says plainly that a file cannot be opened', async () => {
    mkdirSync(file, { recursive: true });
    await expect(openConnection(file, 'full')).rejects.toThrow(/Cannot open .*tasks\.db: it is a folder/);
    writeFileSync(join(folder, 'no-folder'), '');
    await expect(openConnection(join(folder, 'no-folder', 'tasks.db'), 'full')).rejects.toThrow(StoreError);
  });

  it('says plainly that a file is damaged', async () => {
    await writeEmptyStore(file);
    const connection = await open();
    connection.database.exec(`INSERT INTO tasks_count VALUES ('default', 'available', 1)`);
    await connection.close();
    // Page 1 keeps its head, so that it is still a database; the rest is noise.
    execFileSync('dd', ['if=/dev/urandom', `of=${file}`, 'bs=1', 'seek=100', 'count=20000', 'conv=notrunc'], {
      stdio: 'ignore',
    });
    const opening = openConnection(file, 'full');
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
      expect(fileOf(await source(join(folder, 'app.db')))).toBe(join(realpathSync(folder), 'app.db'));
    });

    it('takes the file that its connection has open, wherever the process works by now', async () => {
      const app = await source(relative(process.cwd(), join(folder, 'app.db')));
      const cwd = vi.spyOn(process, 'cwd').mockReturnValue(tmpdir());
      onTestFinished(() => cwd.mockRestore());
      const connection = await open(fileOf(app));
      expect(connection.path).toBe(join(realpathSync(folder), 'app.db'));
      expect(() => connection.assertSameDatabase(app.manager)).not.toThrow();
    });

    it('refuses one without a file', async () => {
      const memory = await source(':memory:');
      expect(() => fileOf(memory)).toThrow(StoreError);
      expect(() => fileOf(memory)).toThrow(/"database" instead of "dataSource"/);
    });

    it('knows whether a manager writes to its file', async () => {
      await writeEmptyStore(join(folder, 'app.db'));
      const connection = await open(join(folder, 'app.db'));
      const [same, other, memory] = [
        await source(join(folder, 'x', '..', 'app.db')),
        await source(join(folder, 'other.db')),
        await source(':memory:'),
      ];
      symlinkSync(join(folder, 'app.db'), join(folder, 'link.db'));
      const linked = await source(join(folder, 'link.db'));
      for (const { manager } of [same, linked]) expect(() => connection.assertSameDatabase(manager)).not.toThrow();
      for (const foreign of [other, memory]) {
        expect(() => connection.assertSameDatabase(foreign.manager)).toThrow(ForeignManagerError);
        expect(() => connection.assertSameDatabase(foreign.manager)).toThrow(/dataSource: 'default'.*outbox/s);
      }
    });
  });
});
