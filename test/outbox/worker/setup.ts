import type { DataSourceOptions } from 'typeorm';

/** Where a process is killed: the row is written; committed and not in the store; in the store and not deleted; deleted. */
export const KILL_STEPS = ['written', 'committed', 'stored', 'deleted'] as const;
export type KillStep = (typeof KILL_STEPS)[number];

/** What the process is told, as JSON in its first argument. */
export interface KilledSetup {
  readonly step: KillStep;
  /** Times that it passes the step before it is killed there. */
  readonly survive: number;
  readonly app: DataSourceOptions;
  readonly tasksFile: string;
}
