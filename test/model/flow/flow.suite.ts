import fc from 'fast-check';
import { ManualClock } from '../../../lib/clock/index.js';
import { completed, MINUTE, START } from '../../conformance/harness.js';
import { Disagreement } from '../disagreement.js';
import type { ModelSite } from '../workplace.js';
import { type FlowCommand, flowCommands } from './flow-commands.js';
import { FlowModel } from './flow-model.js';
import { FlowPlace } from './flow-place.js';
import { FLOW_QUEUES, type FlowSetup, flowSetup } from './flow-setup.js';

/** Enough for what has to happen, on a machine that is busy with everything else. */
const PATIENCE_MS = 10_000;
/** Minutes in which all tasks of a history come to their ends, under the tightest of limits. */
const MAX_MINUTES = 600;

const WAITING = new Set(['scheduled', 'available', 'held', 'running', 'retryable']);

export type FlowHistory = readonly [setup: FlowSetup, events: Iterable<FlowCommand>];

export const flowHistory: fc.Arbitrary<FlowHistory> = fc.tuple(flowSetup, flowCommands());

/**
 * Has a history happen, after each event of which no task runs that may not, none waits that might run, and each unique key
 * is held by whom it should be. In the end every task must come to its end.
 *
 * @throws Disagreement
 */
export async function runFlowHistory(
  createSite: () => Promise<ModelSite>,
  [setup, events]: FlowHistory,
  patience = PATIENCE_MS,
): Promise<void> {
  const clock = new ManualClock(START);
  const model = new FlowModel(setup, clock.now());
  const real = await FlowPlace.open(await createSite(), model, clock, patience);
  try {
    await fc.asyncModelRun(() => ({ model, real }), events);
    await drain(model, real);
  } finally {
    await real.remove();
  }
}

async function drain(model: FlowModel, real: FlowPlace): Promise<void> {
  const { pauses } = model.rules;
  model.rules = { ...model.rules, pauses: [] };
  for (const selector of pauses) await real.steer(0, selector, 'resume');
  for (const queue of FLOW_QUEUES) if (!real.isConsuming(0, queue)) await real.consume(0, queue);
  for (let minute = 0; minute < MAX_MINUTES; minute += 1) {
    await real.rest();
    for (const handler of real.live()) real.end(handler, completed);
    real.pass(MINUTE);
    if (![...model.seen.values()].some(({ state }) => WAITING.has(state))) return;
  }
  throw new Disagreement('Tasks are left that nothing runs');
}
