import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.js';

const COMMAND_NAMES =
  '"panel", "list", "show", "steps", "signal", "retry", "schema", "backup", "restore", "check" and "migrate"';

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const code = await runCli(args, {
    out: (text) => void (printed.out += `${text}\n`),
    err: (text) => void (printed.err += `${text}\n`),
  });
  return { code, ...printed };
}

describe('the command line', () => {
  it('lists its commands', async () => {
    const { code, out } = await cli('--help');
    expect(code).toBe(0);
    expect(out).toContain('panel');
    expect(out).toContain('schema');
  });

  it.each([
    ['panel', '--help'],
    ['panel', '-h'],
    ['panel', '--port', '1', '--help'],
  ])('explains: %s', async (...args) => {
    const { code, out } = await cli(...args);
    expect(code).toBe(0);
    expect(out).toContain('--database <file>');
    expect(out).toContain('default: 127.0.0.1');
  });

  it('tells the version of the package', async () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(await cli('--version')).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
  });

  it.each([
    [[], `No command was given. Commands: ${COMMAND_NAMES}.`],
    [['pannel'], 'There is no command "pannel". Did you mean panel?'],
    [['serve'], `There is no command "serve". Commands: ${COMMAND_NAMES}.`],
    [['--verison'], 'There is no option "--verison". Did you mean --version?'],
    [['panel'], 'Option --database <file> is required.'],
    [['panel', '--databse', 'x.db'], 'There is no option --databse. Did you mean --database?'],
    [['panel', '--colour'], 'There is no option --colour. Options: --database, --port, --host, --read-only.'],
    [['panel', '-d', 'x.db'], 'There is no option -d.'],
    [['panel', '--constructor'], 'There is no option --constructor.'],
    [['panel', '--database'], 'Option --database needs a value: --database <file>.'],
    [['panel', '--database', '--read-only'], 'Option --database needs a value: --database <file>.'],
    [['panel', '--database='], 'Option --database needs a value: --database <file>.'],
    [['panel', '--read-only=yes', '--database', 'x.db'], 'Option --read-only takes no value.'],
    [['panel', 'x.db'], '"panel" takes no argument "x.db", only options.'],
    [['panel', '--database', 'x.db', '--port', '70000'], '--port must be a whole number from 0 to 65535, not "70000".'],
    [['panel', '--database', 'x.db', '--port', '-1'], '--port must be a whole number from 0 to 65535, not "-1".'],
    [['panel', '--database', 'x.db', '--port', '3e3'], '--port must be a whole number'],
    [['panel', '--database', 'x.db', '--host', '0.0.0.0'], '--host must be a loopback address'],
    [['panel', '--database', 'x.db', '--host', '127.evil.example'], '--host must be a loopback address'],
    [['schema', '--port', '1'], 'There is no option --port. Options: --database.'],
    [['show', '--database', 'x.db'], '<id> is missing: it is the id of the task.'],
    [['signal', '7', '--database', 'x.db'], '<name> is missing: it is the name of the signal.'],
    [
      ['retry', '7', 'charge', '--database', 'x.db'],
      '"retry" takes no argument "charge", only 1 argument and options.',
    ],
    [['signal', '7', 'approved', 'yes', '--database', 'x.db'], 'What is sent must be JSON'],
    [['list', '--database', 'x.db', '--state', 'suspend'], 'There is no state "suspend". Did you mean suspended?'],
    [['list', '--database', 'x.db', '--tag', 'customer'], '--tag must be a name and a value with a colon in between'],
    [['list', '--database', 'x.db', '--limit', '0'], '--limit must be a whole number from 1 to 10000, not "0".'],
  ])('refuses %j', async (args, message) => {
    const { code, out, err } = await cli(...args);
    expect(err).toContain(`nestjs-tasks: ${message}`);
    expect(err).toContain('See: nestjs-tasks ');
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  describe('with a file', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-cli-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it('opens no panel on a file that does not exist, and creates none', async () => {
      const file = join(folder, 'tasks.db');
      const { code, err } = await cli('panel', '--database', file);
      expect(code).toBe(1);
      expect(err).toContain(`There is no file ${file}.`);
      expect(existsSync(file)).toBe(false);
    });

    it('says so when the path is a folder', async () => {
      const { code, err } = await cli('panel', '--database', folder);
      expect(code).toBe(1);
      expect(err).toBe(`nestjs-tasks: ${folder} is not a file.\n`);
    });

    it('says so when the file is no database, without a stack', async () => {
      const file = join(folder, 'notes.txt');
      writeFileSync(file, 'not a database, but longer than the header of one would be: '.repeat(20));
      const { code, err } = await cli('panel', '--database', file);
      expect(code).toBe(1);
      expect(err).toBe(`nestjs-tasks: Cannot read ${file} as a SQLite database: file is not a database.\n`);
    });

    it('leaves a database alone that holds no tasks', async () => {
      const { default: Database } = await import('better-sqlite3');
      const file = join(folder, 'shop.db');
      new Database(file).exec('CREATE TABLE orders (id INTEGER)').close();
      const before = readFileSync(file);
      const { code, err } = await cli('panel', '--database', file);
      expect(code).toBe(1);
      expect(err).toContain(`${file} holds no tasks.`);
      expect(readFileSync(file).equals(before)).toBe(true);
    });

    it('creates the schema of a store once', async () => {
      const file = join(folder, 'tasks.db');
      const first = await cli('schema', '--database', file);
      expect(first).toMatchObject({ code: 0, err: '' });
      expect(first.out).toMatch(/ran CreateTables\d+(?:, \w+)*\.\n$/);
      expect(await cli('schema', '--database', file)).toEqual({ code: 0, out: `${file} is up to date.\n`, err: '' });
    });
  });
});
