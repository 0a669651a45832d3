import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Compiled, compiled as compiledFiles } from '../support/run/compiled.js';
import { QuickStart } from './support/quick-start.js';
import { until } from '../support/until.js';

/** How often the app is killed in the middle of one import; a fifth time, and the task would be taken for what kills it. */
const KILLS = 4;
/** The app answers between two batches; a kill at a random moment of the next ones meets it inside a transaction, too. */
const SPREAD_MS = 40;

interface DataImport {
  rowsDone: number;
  rowsStored: number;
}

/** The file as lines, read without the parser that the app uses: it has no quotes. */
function linesOfFile(): string[] {
  const file = createRequire(import.meta.url).resolve('vega-datasets/data/zipcodes.csv');
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(1);
}

function checksum(lines: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  return hash.digest('hex');
}

describe('an import whose process ends', () => {
  let compiled: Compiled;
  let app: QuickStart;

  beforeAll(async () => {
    compiled = await compiledFiles();
    app = new QuickStart(compiled);
    await app.start();
  });
  afterAll(() => app?.remove());

  const progress = async (id: string): Promise<DataImport> => (await app.server.get<DataImport>(`/imports/${id}`)).body;

  /** Rows of the import as lines of the file, in the order they were stored in. */
  function storedLines(importId: string): string[] {
    const database = new Database(app.databaseFile, { readonly: true });
    const rows = database
      .prepare(
        `SELECT zipCode, latitude, longitude, city, state, county FROM postal_code WHERE importId = ? ORDER BY id`,
      )
      .raw()
      .all(importId) as unknown[][];
    database.close();
    return rows.map((row) => row.join(','));
  }

  it('finishes with every row of the file once, though it is killed several times', async () => {
    const expected = linesOfFile();
    const { body } = await app.server.post<{ importId: string; task: { id: string } }>('/imports', { batchSize: 500 });
    const { importId, task } = body;

    const rowsAtDeath: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const reached = rowsAtDeath.at(-1) ?? 0;
      await until('the import to go on', async () => (await progress(importId)).rowsDone > reached);
      await sleep(Math.random() * SPREAD_MS);
      await app.server.end('SIGKILL');
      rowsAtDeath.push(storedLines(importId).length);
      await app.start();
    }
    for (const rows of rowsAtDeath) expect(rows).toBeLessThan(expected.length);

    const ended = await app.ended(task.id);
    expect(ended.state).toBe('completed');
    expect(ended.attempts.map(({ outcome }) => outcome)).toEqual([...Array(KILLS).fill('lost'), 'completed']);
    // Those of the killed attempts may be lost: logs are stored a moment later.
    const resumed = ended.logs.map(({ message }) => message).filter((message) => message.startsWith('Resuming'));
    expect(resumed.at(-1)).toBe(`Resuming after row ${rowsAtDeath.at(-1)}`);

    const stored = storedLines(importId);
    expect(stored).toHaveLength(expected.length);
    expect(checksum(stored)).toBe(checksum(expected));
    expect(await progress(importId)).toMatchObject({ rowsDone: expected.length, rowsStored: expected.length });
  });

  it('is handed back when the process is told to stop, and goes on after the next start', async () => {
    const { body } = await app.server.post<{ importId: string; task: { id: string } }>('/imports', { batchSize: 1 });
    await until('the first rows of the import', async () => (await progress(body.importId)).rowsDone > 0);
    await app.server.end('SIGTERM');
    const rows = storedLines(body.importId).length;
    await app.start();

    await until('the import to go on', async () => (await progress(body.importId)).rowsDone > rows);
    const { attempts, logs } = await app.task(body.task.id);
    expect(attempts[0]).toMatchObject({ outcome: 'released' });
    expect(logs.map(({ message }) => message)).toContain(`Resuming after row ${rows}`);
  });
});
