import type { PauseSelector, TaskPause } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { ClaimedRow } from './claimed-row.js';
import { countParked } from './parked-tasks.js';
import { traitsIn } from './task-traits.js';

export const ADD_PAUSE = `INSERT INTO tasks_pause (selector, paused_at) VALUES (?, ?) ON CONFLICT DO NOTHING`;
export const DROP_PAUSE = `DELETE FROM tasks_pause WHERE selector = ?`;
export const ALL_PAUSES = `SELECT selector, paused_at FROM tasks_pause ORDER BY paused_at, selector`;

/** A pause of some tasks, as claims ask it. */
export interface Pause {
  /** What its tasks are parked for. */
  readonly reason: string;
  readonly selector: PauseSelector;
}

/** What tasks are parked for by the pause of a selector: the same for the same one, however it was written. */
export function pauseReason(selector: PauseSelector): string {
  return `pause:${textOf(selector)}`;
}

/** @param text of the selector, as it is stored */
export function pauseIn(text: string): Pause {
  return { reason: `pause:${text}`, selector: JSON.parse(text) as PauseSelector };
}

/** Whether the pause is about a task of this queue. */
export function isAbout({ selector }: Pause, queue: string, row: ClaimedRow): boolean {
  if (selector.name !== undefined) return selector.name === row[2];
  if (selector.tag === undefined) return selector.queue === queue && selector.key === row[12];
  const tags = traitsIn(row[11]).traits?.tags ?? {};
  return Object.entries(selector.tag).every(([name, value]) => tags[name] === value);
}

export function addPause({ database }: Transaction, selector: PauseSelector, now: number): void {
  statement<[string, number]>(database, ADD_PAUSE).run(textOf(selector), now);
}

export function dropPause({ database }: Transaction, selector: PauseSelector): void {
  statement<[string]>(database, DROP_PAUSE).run(textOf(selector));
}

export function pausesIn(database: Database): TaskPause[] {
  const rows = statement<[], { selector: string; paused_at: number }>(database, ALL_PAUSES).all();
  return rows.map(({ selector, paused_at }) => ({
    selector: JSON.parse(selector) as PauseSelector,
    pausedAt: paused_at,
    waiting: countParked(database, `pause:${selector}`).reduce((sum, { count }) => sum + count, 0),
  }));
}

function textOf({ queue, key, name, tag }: PauseSelector): string {
  const tags = tag && Object.fromEntries(Object.entries(tag).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  return JSON.stringify({ queue, key, name, tag: tags });
}
