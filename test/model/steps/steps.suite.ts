import fc from 'fast-check';
import { ManualClock } from '../../../lib/clock/index.js';
import { hasEnded } from '../../../lib/contract/index.js';
import { MINUTE, START } from '../../conformance/harness.js';
import { Disagreement } from '../disagreement.js';
import { QUEUE } from '../model-app.js';
import { SIGNALS } from './program.js';
import { type StepsCommand, stepsCommands } from './steps-commands.js';
import { StepsModel } from './steps-model.js';
import { StepsPlace } from './steps-place.js';

/** Enough for what has to happen, on a machine that is busy with everything else. */
const PATIENCE_MS = 10_000;
/** In which all tasks of a history come to their ends, where the test does what they wait for. */
const MAX_ROUNDS = 300;

export type StepsHistory = Iterable<StepsCommand>;

export const stepsHistory: fc.Arbitrary<StepsHistory> = stepsCommands();

/**
 * Has a history happen, after each event of which each task is as the model says: its state and attempts, what its handler did
 * in each of them, what is on record, and the signals that wait. In the end every task must come to its end, and nothing be wrong
 * with the store.
 *
 * @throws Disagreement
 */
export async function runStepsHistory(events: StepsHistory, patience = PATIENCE_MS): Promise<void> {
  const clock = new ManualClock(START);
  const model = new StepsModel(clock.now());
  const real = await StepsPlace.open(model, clock, patience);
  try {
    await fc.asyncModelRun(() => ({ model, real }), events);
    await drain(model, real);
    await real.app.check();
  } finally {
    await real.app.remove();
  }
}

async function drain(model: StepsModel, real: StepsPlace): Promise<void> {
  if (model.isPaused) await real.tasks.resumeQueue(QUEUE);
  model.isPaused = false;
  await real.rest();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (model.tasks.every(({ state }) => hasEnded(state))) return;
    for (const { task, begun } of model.gates()) {
      real.release(task, begun.path, 'well');
      model.release(task, begun, 'well');
    }
    await real.rest();
    for (const name of SIGNALS) {
      for (const task of model.tasks.filter(({ state }) => state === 'suspended')) {
        await real.tasks.signal(real.idOf(task), name, round);
        model.signal(task, name, round);
        await real.rest();
      }
    }
    model.pass(MINUTE);
    real.pass(MINUTE);
    await real.rest();
  }
  throw new Disagreement('Tasks are left that nothing ends');
}
