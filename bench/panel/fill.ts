import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { errorGroupKey, messagePattern } from '../../lib/engine/common/index.js';

export interface Amounts {
  readonly completed: number;
  readonly failed: number;
  readonly waiting: number;
}

/** Queue that the waiting tasks are in; nobody works on it. */
export const IDLE_QUEUE = 'idle';
/** Queue of the failed tasks. */
export const FAILED_QUEUE = 'emails';

const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;
const MINUTE_MS = 60_000;
const CHUNK = 100_000;

/** The driver binds every number as a REAL. */
const NUMBERS =
  'WITH RECURSIVE numbers (i) AS (SELECT CAST(@from AS INTEGER) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < @to)';
/** Spread evenly over the week before `@now`, the older ones first. */
const AT = 'CAST(@now - @span + i * @span / @total AS INTEGER)';
const ID = `printf('%08x-%04x-7000-8000-%012x', ${AT} >> 16, ${AT} & 65535, i)`;
const PARAMS = `'{"to":"user' || i || '@example.com","subject":"Welcome!","order":' || i || '}'`;
const NAME = `'task_' || ((i + i / 50) % 10)`;

const COLUMNS =
  'id, queue, name, state, attempt, max_attempts, run_at, created_at, started_at, finished_at, worker, params';
/** One in `@every` has failed, the others completed. */
const INSERT_ENDED = `
  INSERT INTO tasks_task (${COLUMNS}) ${NUMBERS}
  SELECT ${ID}, CASE WHEN i % @every = 0 THEN '${FAILED_QUEUE}' ELSE 'default' END, ${NAME},
         CASE WHEN i % @every = 0 THEN 'failed' ELSE 'completed' END,
         1, 1, ${AT}, ${AT}, ${AT}, ${AT}, 'filled', ${PARAMS} FROM numbers`;
const INSERT_ATTEMPTS = `
  INSERT INTO tasks_attempt (task, attempt, worker, started_at, finished_at, outcome, error_name, error_message, error_stack)
  SELECT seq, 1, worker, started_at, finished_at, state,
         CASE state WHEN 'failed' THEN 'RelayError' END,
         CASE state WHEN 'failed' THEN 'Relay 10.0.' || (seq % 200) || '.1 refused: ' ||
           substr('too busy  no such  not now   closed    ', 1 + 10 * (seq / @every % 4), 10) END,
         CASE state WHEN 'failed' THEN 'RelayError: refused' || char(10) || '    at Relay.send (mail.service.js:10:3)' END
    FROM tasks_task WHERE seq > @after`;
const INSERT_WAITING = `
  INSERT INTO tasks_task (${COLUMNS}) ${NUMBERS}
  SELECT printf('%08x-%04x-7000-9000-%012x', CAST(@now AS INTEGER) >> 16, CAST(@now AS INTEGER) & 65535, i), '${IDLE_QUEUE}', ${NAME}, 'available',
         0, 4, @now, @now, NULL, NULL, NULL, ${PARAMS} FROM numbers`;
const COUNT_ALL = `INSERT INTO tasks_count SELECT queue, state, count(*) FROM tasks_task GROUP BY queue, state`;
const INSERT_METRICS = `
  INSERT INTO tasks_metric (minute, queue, name, completed, failed, retried, cancelled,
                            wait_total, wait_histogram, run_total, run_histogram) ${NUMBERS}
  SELECT CAST(@first AS INTEGER) + i * ${MINUTE_MS}, queue, 'task_' || (i % 10), 90, 2, 1, 0, 5000, '[0,0,10,40,40]', 9000, '[0,0,0,50,43]'
    FROM numbers, (SELECT 'default' AS queue UNION SELECT '${FAILED_QUEUE}' UNION SELECT '${IDLE_QUEUE}')`;

/** As the library does it when a task fails. */
const GROUP_FAILURES = `
  UPDATE tasks_task
     SET error_group = (SELECT failure_key(tasks_task.name, error_name, error_message) FROM tasks_attempt WHERE task = seq)
   WHERE state = 'failed'`;
const INSERT_GROUPS = `
  INSERT INTO tasks_error_group (key, name, error_name, message, first_at, last_at)
  SELECT error_group, name, error_name, message_pattern(error_message), min(tasks_task.finished_at), max(tasks_task.finished_at)
    FROM tasks_task JOIN tasks_attempt ON task = seq
   WHERE error_group IS NOT NULL GROUP BY error_group`;
const INSERT_HOURS = `
  INSERT INTO tasks_error_hour (key, hour, queue, failed)
  SELECT error_group, finished_at / 3600000, queue, count(*) FROM tasks_task
   WHERE error_group IS NOT NULL GROUP BY 1, 2, 3`;

/**
 * Fills a store whose tables there are, through SQL alone, its counters as if the library had done it.
 * @param file of an app that was closed
 */
export function fill(file: string, { completed, failed, waiting }: Amounts): void {
  const database = new Database(file);
  database.pragma('journal_mode = MEMORY');
  database.pragma('synchronous = OFF');
  database.pragma('cache_size = -500000');
  database.function('failure_key', { deterministic: true }, (name, error, message) =>
    errorGroupKey(name as string, { name: error as string, message: message as string }),
  );
  database.function('message_pattern', { deterministic: true }, (message) => messagePattern(message as string));
  const now = Date.now();
  const total = completed + failed;
  const every = Math.max(1, Math.round(total / failed));
  const last = database.prepare('SELECT ifnull(max(seq), 0) FROM tasks_task').pluck();
  database.transaction(() => {
    for (let from = 0; from < total; from += CHUNK) {
      const to = Math.min(from + CHUNK, total);
      const after = last.get();
      database.prepare(INSERT_ENDED).run({ from, to, total, every, now, span: WEEK_MS });
      database.prepare(INSERT_ATTEMPTS).run({ after, every });
    }
    for (const statement of [GROUP_FAILURES, INSERT_GROUPS, INSERT_HOURS]) database.prepare(statement).run();
    database.prepare(INSERT_WAITING).run({ from: 0, to: waiting, now });
    database.prepare('DELETE FROM tasks_count').run();
    database.prepare(COUNT_ALL).run();
    const first = now - (now % MINUTE_MS) - WEEK_MS;
    database.prepare(INSERT_METRICS).run({ from: 0, to: WEEK_MS / MINUTE_MS, first });
  })();
  database.pragma('journal_mode = WAL');
  database.close();
}

export function removeStore(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-workers']) rmSync(file + suffix, { recursive: true, force: true });
}
