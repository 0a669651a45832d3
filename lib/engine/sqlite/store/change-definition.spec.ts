import { DataSource, type QueryRunner } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { changeDefinition } from './change-definition.js';

let source: DataSource;
let runner: QueryRunner;

beforeEach(async () => {
  source = await new DataSource({ type: 'better-sqlite3', database: ':memory:' }).initialize();
  runner = source.createQueryRunner();
  await runner.query('CREATE TABLE colours (name TEXT CHECK (name IN (1, 2)))');
});
afterEach(async () => {
  await runner.release();
  await source.destroy();
});

const definition = async (): Promise<string> =>
  (await runner.query(`SELECT sql FROM sqlite_schema WHERE name = 'colours'`))[0].sql;
const pragma = async (name: string): Promise<number> =>
  Object.values((await runner.query(`PRAGMA ${name}`))[0])[0] as number;

it('a check is changed with its rows as they are, and is heeded from then on', async () => {
  await runner.query('CREATE TABLE others (name TEXT CHECK (name IN (1, 2)))');
  await runner.query('INSERT INTO colours VALUES (1)');
  await expect(runner.query('INSERT INTO colours VALUES (3)')).rejects.toThrow('CHECK');
  const version = await pragma('schema_version');
  await changeDefinition(runner, 'colours', '(1, 2)', '(1, 2, 3)');
  expect(await definition()).toContain('(1, 2, 3)');
  expect(await pragma('schema_version')).toBe(version + 1);
  await runner.query('INSERT INTO colours VALUES (3)');
  await expect(runner.query('INSERT INTO others VALUES (3)')).rejects.toThrow('CHECK');
  expect(await runner.query('SELECT name FROM colours')).toEqual([{ name: '1' }, { name: '3' }]);
  // Nobody else may write there after that.
  expect(await pragma('writable_schema')).toBe(0);
  await expect(runner.query(`UPDATE sqlite_schema SET sql = '' WHERE name = 'colours'`)).rejects.toThrow(/may not be/);
});

it('a definition that is as it shall be stays as it is, and so does one that is not there', async () => {
  await changeDefinition(runner, 'colours', '(1, 2)', '(1, 2, 3)');
  const version = await pragma('schema_version');
  await changeDefinition(runner, 'colours', '(1, 2)', '(1, 2, 3)');
  await changeDefinition(runner, 'none', '(1, 2)', '(1, 2, 3)');
  expect(await pragma('schema_version')).toBe(version);
});

it('a definition without what is to be changed is refused', async () => {
  await expect(changeDefinition(runner, 'colours', '(7)', '(8)')).rejects.toThrow('colours has no (7) to change');
  expect(await definition()).toContain('(1, 2)');
});

it('within a transaction of the app it goes with that', async () => {
  await runner.startTransaction();
  await changeDefinition(runner, 'colours', '(1, 2)', '(1, 2, 3)');
  await runner.rollbackTransaction();
  expect(await definition()).toContain('(1, 2))');
  await expect(runner.query('INSERT INTO colours VALUES (3)')).rejects.toThrow('CHECK');
});
