import type { Clock } from '../../../lib/clock/index.js';
import type { NewTask } from '../../../lib/engine/port/index.js';

export interface RaceSetup {
  readonly file: string;
  readonly rounds: number;
  /** Keys that were enqueued before the process kills itself, in the middle of a write; null: it does not. */
  readonly dieAfter: number | null;
}

/** The answers that one process had: of each key, the task that it was told holds it. */
export type RaceReport = Readonly<Record<string, string>>;

/** A task whose key is that of a round. */
export function claimingTask(id: string, clock: Pick<Clock, 'now'>, round: number): NewTask {
  const now = clock.now();
  const task = { id, queue: 'default', name: 'work', params: '{}', priority: 0, runAt: now, createdAt: now };
  const unique = { key: `round ${round}`, until: 'ended', onConflict: 'keep' } as const;
  return { ...task, maxAttempts: 1, settings: null, sensitive: [], traits: { unique } };
}
