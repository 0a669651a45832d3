import fc from 'fast-check';
import { describe, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import { START } from '../conformance/harness.js';
import { commands } from './commands.js';
import { TaskModel } from './task-model.js';
import { Workplace, type ModelSite } from './workplace.js';

/** Random histories that are run; raised by hand for a longer search. */
const RUNS = 60;
/** Enough for a machine that is busy with everything else. */
const PATIENCE_MS = 10_000;
/** For all the histories, and then for making the one that failed shorter. */
const MS_PER_RUN = 3_000;
const MS_TO_REPORT = 30_000;

export interface ModelOptions {
  /** Whose time tasks come due by. With the system's, the clock is not moved and what is scheduled stays so. */
  readonly clock?: 'injected' | 'system';
  /** Milliseconds in which what must happen has to. */
  readonly patience?: number;
  /** Histories that are run, where an engine is too slow for as many as by default. */
  readonly runs?: number;
}

export type History = Iterable<fc.AsyncCommand<TaskModel, Workplace>>;

/** Any history of events leaves a store of `createSite` as it leaves the model, and all along the way. */
export function agreesWithModel(
  createSite: () => Promise<ModelSite>,
  options: ModelOptions = {},
): fc.IAsyncProperty<[History]> {
  return fc.asyncProperty(commands(options.clock ?? 'injected'), (history: History) =>
    runHistory(createSite, history, options),
  );
}

/** @throws Disagreement where the store is not left as the model is */
export async function runHistory(
  createSite: () => Promise<ModelSite>,
  history: History,
  { clock: whose = 'injected', patience = PATIENCE_MS }: ModelOptions = {},
): Promise<void> {
  const clock = new ManualClock(whose === 'injected' ? START : Date.now());
  const workplace = await Workplace.open(await createSite(), clock, patience);
  const model = new TaskModel(clock.now(), workplace.engine(0).capabilities);
  try {
    await fc.asyncModelRun(() => ({ model, real: workplace }), history);
    await workplace.leave(model);
  } finally {
    await workplace.remove();
  }
}

/**
 * What every engine must do whatever happens, in whatever order. A failure prints the seed, the path and the shortest
 * history that was found; `fc.assert(property, { seed, path })` runs it again.
 */
export function describeModel(name: string, createSite: () => Promise<ModelSite>, options: ModelOptions = {}): void {
  const runs = Number(process.env.TASKS_MODEL_RUNS ?? options.runs ?? RUNS);
  describe(`${name} engine, beside a model of the state machine`, () => {
    it(
      'agrees with it after every event of random histories',
      () =>
        fc.assert(agreesWithModel(createSite, options), {
          numRuns: runs,
          interruptAfterTimeLimit: Math.max(RUNS, runs) * MS_PER_RUN,
          markInterruptAsFailure: true,
        }),
      Math.max(RUNS, runs) * MS_PER_RUN + MS_TO_REPORT,
    );
  });
}
