import fc from 'fast-check';
import { describe, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import { START } from '../conformance/harness.js';
import { commands } from './commands.js';
import { TaskModel } from './task-model.js';
import { Workplace, type ModelSite } from './workplace.js';

/** Random histories that are run; raised by hand for a longer search. */
const RUNS = Number(process.env.TASKS_MODEL_RUNS ?? 40);
const MS_PER_RUN = 5_000;

export interface ModelOptions {
  /** Whose time tasks come due by. With the system's, the clock is not moved and what is scheduled stays so. */
  readonly clock?: 'injected' | 'system';
}

type Parameters = fc.Parameters<[Iterable<fc.AsyncCommand<TaskModel, Workplace>>]>;

/**
 * Runs random histories of events on a store and on the model. Rejects with the seed, the path and the shortest history
 * where they do not agree.
 */
export async function checkModel(
  createSite: () => Promise<ModelSite>,
  parameters: Parameters,
  { clock: clockKind = 'injected' }: ModelOptions = {},
): Promise<void> {
  const property = fc.asyncProperty(commands(clockKind), async (history) => {
    const clock = new ManualClock(clockKind === 'injected' ? START : Date.now());
    const workplace = await Workplace.open(await createSite(), clock);
    const model = new TaskModel(clock.now());
    try {
      await fc.asyncModelRun(() => ({ model, real: workplace }), history);
      await workplace.leave(model);
    } finally {
      await workplace.remove();
    }
  });
  await fc.assert(property, parameters);
}

/** What every engine must do whatever happens, in whatever order. */
export function describeModel(name: string, createSite: () => Promise<ModelSite>, options: ModelOptions = {}): void {
  describe(`${name} engine, beside a model of the state machine`, () => {
    it(
      'agrees with it after every event of random histories',
      () => checkModel(createSite, { numRuns: RUNS }, options),
      RUNS * MS_PER_RUN,
    );
  });
}
