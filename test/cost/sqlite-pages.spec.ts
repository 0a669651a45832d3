import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConnection } from '../../lib/engine/sqlite/store/open-connection.js';
import { CLAIM_TASKS, NEXT_TASKS } from '../../lib/engine/sqlite/sql/claim-tasks.js';
import { END_TASK, INSERT_ATTEMPT } from '../../lib/engine/sqlite/sql/end-tasks.js';
import { RETRY_TASK } from '../../lib/engine/sqlite/sql/finish-attempt.js';
import { DUE_TASKS, NEXT_DUE, PROMOTE_TASK } from '../../lib/engine/sqlite/sql/promote-tasks.js';
import { NEXT_EXPIRY, PRUNE_TASKS } from '../../lib/engine/sqlite/sql/prune-tasks.js';
import { fill } from './filler.js';
import { IO, pagesRead } from './pages-read.js';

const QUEUE = 'work';
const NOW = Date.UTC(2027, 0, 1);
const LATER = NOW + 365 * 24 * 60 * 60 * 1_000;
const WORKER = 'worker';
/** `seq` of a task that runs. */
const RUNNING = 1;

/** Of each state. */
const TASKS = 100_000;
/** The first that is scheduled: what runs comes before, and what has ended. */
const SCHEDULED = RUNNING + TASKS + 1;

/**
 * A statement, its parameters, and the most pages that it visits. Three for each tree that it goes down, as that is how
 * high they are; the rest is where it walks along. Ten rows may lie on two pages.
 */
const STATEMENTS: ReadonlyArray<readonly [what: string, sql: string, parameters: readonly unknown[], most: number]> = [
  ['what to claim, 10', NEXT_TASKS, [QUEUE, 10], 7],
  ['claim 10', CLAIM_TASKS, [WORKER, NOW, QUEUE, 10], 15],
  ['complete', END_TASK, ['completed', NOW, NOW, LATER, 3, RUNNING, 1, WORKER], 13],
  ['retry', RETRY_TASK, ['retryable', NOW, LATER, 0, 3, RUNNING, 1, WORKER], 13],
  ['put an attempt on record', INSERT_ATTEMPT, [RUNNING, 1, WORKER, NOW, NOW, 'completed', null, null, null], 4],
  ['find 10 that are due', DUE_TASKS, [LATER, 10], 7],
  ['when the next is due', NEXT_DUE, [], 3],
  ['promote', PROMOTE_TASK, [SCHEDULED], 19],
  ['prune 10', PRUNE_TASKS, [LATER, 10], 17],
  ['when the next expires', NEXT_EXPIRY, [], 3],
];

/** With a hundred thousand tasks of each state in one queue. */
describe.runIf(existsSync(IO))('Pages that statements visit', () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pages-'));
    file = join(folder, 'tasks.db');
    const connection = await openConnection(file, 'normal');
    const { database } = connection;
    database
      .prepare(
        `INSERT INTO tasks_task (seq, id, queue, name, state, attempt, max_attempts, run_at, created_at, started_at, worker, params)
         VALUES (?, 'running', ?, 'job', 'running', 1, 3, ?, ?, ?, ?, '{}')`,
      )
      .run(RUNNING, QUEUE, NOW, NOW, NOW, WORKER);
    fill(database, { count: TASKS, queues: { completed: QUEUE, scheduled: QUEUE, available: QUEUE } }, NOW);
    database.pragma('wal_checkpoint(TRUNCATE)');
    await connection.close();
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(STATEMENTS)('%s', (_what, sql, parameters, most) => {
    const pages = pagesRead(file, sql, (statement) => {
      const rows = statement.reader ? statement.all(...parameters).length : statement.run(...parameters).changes;
      expect(rows).toBeGreaterThan(0);
    });
    expect(pages).toBeGreaterThan(0);
    expect(pages).toBeLessThanOrEqual(most);
  });

  it('are counted: a walk over all tasks visits thousands', () => {
    const walk = `SELECT count(*) FROM tasks_task WHERE params = ''`;
    expect(pagesRead(file, walk, (statement) => statement.get())).toBeGreaterThan(2_000);
  });
});
