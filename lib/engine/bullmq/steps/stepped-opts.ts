import type { JobsOptions } from 'bullmq';

/** What stands in the options of a job that has recorded steps: on PostgreSQL all of them. */
interface SteppedOpts {
  readonly stepped?: true;
  readonly steps?: unknown;
  readonly signals?: unknown;
  readonly waits?: unknown;
}

export function isStepped(opts: JobsOptions): boolean {
  return (opts as SteppedOpts).stepped === true;
}

/** For a job that is made of this one: what is on record is given to it as it stands, not as it was when the job was read. */
export function withoutSteps<Opts extends JobsOptions>(opts: Opts): Opts {
  const { stepped: _stepped, steps: _steps, signals: _signals, waits: _waits, ...others } = opts as Opts & SteppedOpts;
  return others as Opts;
}
