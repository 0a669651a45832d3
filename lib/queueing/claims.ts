import { InvalidArgumentError } from '../contract/index.js';
import type { NewTask, TaskEngine } from '../engine/port/index.js';
import { claimOf, unfitClaim, type UniqueRule } from '../uniqueness/index.js';
import type { CallOptions } from './call-options.js';
import { checkStart } from './life-span.js';

/** The part of a call that its tasks' claims depend on. */
export interface ClaimingCall extends Pick<CallOptions, 'with'> {
  readonly now: number;
}

/**
 * A new task with the claim that a rule makes for it; the task as it is, where that makes none.
 *
 * @param params as JSON has them
 * @throws InvalidArgumentError where the rule does not fit the params, the other options or the engine
 */
export function claiming(
  task: NewTask,
  rule: UniqueRule,
  params: unknown,
  call: ClaimingCall,
  engine: Pick<TaskEngine, 'kind' | 'capabilities'>,
  maxBytes: number,
): NewTask {
  const claim = claimOf(rule, params, maxBytes);
  if (claim === null) return task;
  const { option } = rule;
  const unfit = unfitClaim(option, engine);
  if (unfit !== null) throw new InvalidArgumentError(option, unfit);
  if (call.with !== undefined && claim.onConflict === 'reject') {
    throw new InvalidArgumentError(
      option,
      'onConflict: "reject" cannot stand beside with: "completion": the handler has returned when the key is looked at. ' +
        'Give "keep" or "replace".',
    );
  }
  const traits = { ...task.traits, unique: claim };
  if (claim.wait === undefined) return { ...task, traits };
  if (task.runAt > call.now) {
    throw new InvalidArgumentError(
      'delay',
      `The task starts when its ${option} says: leave out delay and runAt, or give ${option}: false beside them.`,
    );
  }
  const runAt = call.now + claim.wait;
  checkStart(traits, runAt);
  return { ...task, runAt, traits };
}
