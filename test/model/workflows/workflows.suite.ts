import fc from 'fast-check';
import { ManualClock } from '../../../lib/clock/index.js';
import { MINUTE, START } from '../../conformance/harness.js';
import { Disagreement } from '../disagreement.js';
import { type WorkflowsCommand, workflowsCommands } from './workflows-commands.js';
import { WorkflowsModel } from './workflows-model.js';
import { WorkflowsPlace } from './workflows-place.js';

/** Enough for what has to happen, on a machine that is busy with everything else. */
const PATIENCE_MS = 10_000;
/** In which all workflows of a history come to their ends, where each task that runs completes. */
const MAX_ROUNDS = 100;

export type WorkflowsHistory = Iterable<WorkflowsCommand>;

export const workflowsHistory: fc.Arbitrary<WorkflowsHistory> = workflowsCommands();

/**
 * Has a history happen, after each event of which each task, node and workflow is as the model says, with its counters. In the
 * end every workflow must come to its end, and nothing be wrong with the store.
 *
 * @throws Disagreement
 */
export async function runWorkflowsHistory(events: WorkflowsHistory, patience = PATIENCE_MS): Promise<void> {
  const clock = new ManualClock(START);
  const model = new WorkflowsModel(clock.now());
  const real = await WorkflowsPlace.open(model, clock, patience);
  try {
    await fc.asyncModelRun(() => ({ model, real }), events);
    await drain(model, real);
    await real.app.check();
  } finally {
    await real.app.remove();
  }
}

async function drain(model: WorkflowsModel, real: WorkflowsPlace): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await real.rest();
    if (model.flows.every(({ state }) => state !== 'running')) return;
    for (const task of model.tasks.filter(({ state }) => state === 'running')) {
      real.command(task, 'well');
      model.end(task, 'completed');
    }
    await real.rest();
    model.pass(MINUTE);
    real.pass(MINUTE);
  }
  throw new Disagreement('Workflows are left that do not end');
}
