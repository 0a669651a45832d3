import { DataSource, type DataSourceOptions } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { TasksConfigError } from '../contract/index.js';
import { requireOutboxDatabase } from './outbox-database.js';

const check = (options: object): void =>
  requireOutboxDatabase({ options: options as DataSourceOptions } as DataSource, 'the DataSource "main"');

describe('A database that has an outbox', () => {
  it.each([
    { type: 'postgres' },
    { type: 'mysql', database: 'shop' },
    { type: 'mariadb', database: ':memory:' },
    { type: 'better-sqlite3', database: 'app.db' },
  ])('may be %o', (options) => {
    expect(() => check(options)).not.toThrow();
  });

  it.each(['', ':memory:', undefined, Buffer.alloc(1)])('is a file on SQLite: %j', (database) => {
    expect(() => check({ type: 'better-sqlite3', database })).toThrow(TasksConfigError);
    expect(() => check({ type: 'better-sqlite3', database })).toThrow(
      /^"outbox": the database of the DataSource "main" must be a file/,
    );
  });

  it.each(['sqljs', 'mssql', 'postgresql'])('is none of type %s', (type) => {
    expect(() => check({ type })).toThrow(TasksConfigError);
    expect(() => check({ type })).toThrow(
      `the DataSource "main" is of type "${type}"; an outbox can be in one of "better-sqlite3", "postgres", "mysql" and "mariadb".`,
    );
  });
});
