import type Database from 'better-sqlite3';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Which tasks stand about, and in which queues. Those that are available have the lowest priority. */
export interface Filler {
  readonly count: number;
  readonly queues: { readonly completed: string; readonly scheduled: string; readonly available: string };
}

/** Fills a store with `count` tasks of each state that have nothing to do with what is measured. */
export function fill(database: Database.Database, { count, queues }: Filler, now: number): void {
  if (count === 0) return;
  const insert = database.prepare(`
    INSERT INTO tasks_task
      (id, queue, name, state, priority, max_attempts, run_at, created_at, finished_at, expires_at, params)
    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < :count)
    SELECT printf('%s-%08d', :state, i), :queue, 'filler', :state, -1, 3, :runAt, :now,
           iif(:state = 'completed', :now, NULL), iif(:state = 'completed', :later, NULL), '{"filler":true}'
      FROM number`);
  const counter = database.prepare(`INSERT INTO tasks_count (queue, state, count) VALUES (?, ?, ?)`);
  const later = now + 30 * DAY_MS;
  database.transaction(() => {
    for (const [state, queue] of Object.entries(queues)) {
      insert.run({ count, queue, state, now, later, runAt: state === 'scheduled' ? later : now });
      counter.run(queue, state, count);
    }
  })();
}
