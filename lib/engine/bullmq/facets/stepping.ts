import { wallTime } from '../../../clock/index.js';
import { shownSize } from '../../../checks/index.js';
import {
  ACTION_STATES,
  ForeignQueueError,
  hasEnded,
  MAX_STEPS_LISTED,
  StepResultError,
  StepsNotSupportedError,
  type TaskSteps,
} from '../../../contract/index.js';
import type {
  EngineContext,
  NewSignal,
  StepAnswer,
  StepBounds,
  StepLease,
  StepPage,
  Stepping,
  StepRecord,
} from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { workflowProblem } from '../flows/task-guard.js';
import { Retrying } from '../retrying.js';
import {
  placeText,
  nameText,
  shownSignal,
  shownStep,
  SIGNAL_BOUNDS,
  signalIn,
  signalText,
  STEP_BOUNDS,
  type StepTexts,
  stepsIn,
  stepText,
  withoutStepsFrom,
} from '../steps/stored-steps.js';
import type { Listed } from '../task-lists.js';

/** Steps in the jobs themselves, see `StepRows`. */
export class BullmqStepping implements Stepping {
  readonly bounds: StepBounds = STEP_BOUNDS;
  private readonly retrying: Retrying;

  constructor(
    private readonly store: BullmqStore,
    private readonly context: Pick<EngineContext, 'mask'>,
  ) {
    this.retrying = new Retrying(store);
  }

  async read(lease: StepLease): Promise<StepPage> {
    const hold = this.store.consumers.holdOf(lease);
    if (!hold) return { steps: [], more: false };
    const steps = stepsIn(await this.store.opened.set.steps.read(hold.queue, hold.id));
    return { steps: steps.map(({ attempt: _attempt, ...record }) => record), more: false };
  }

  async record(lease: StepLease, step: StepRecord): Promise<boolean> {
    const hold = this.store.consumers.holdOf(lease);
    if (!hold) return false;
    return this.store.opened.set.steps.record(hold, placeText(step), stepText(step, lease.attempt), null);
  }

  transact(): Promise<boolean> {
    return Promise.reject(
      new StepsNotSupportedError(
        "task.transaction records a step in the transaction of the app, and the tasks are in BullMQ's store: no one commit takes " +
          'both, with an outbox or without. Use task.step, and store its key with the rows, as a unique column, so that a second ' +
          'run changes nothing.',
      ),
    );
  }

  /** Nobody else takes the signals of a job that runs: the earliest that there is stays that. */
  async take(lease: StepLease, asked: StepRecord): Promise<StepRecord | null> {
    const hold = this.store.consumers.holdOf(lease);
    if (!hold) return null;
    const { steps } = this.store.opened.set;
    const { signals } = await steps.read(hold.queue, hold.id);
    const names = (asked.wait?.signals ?? []).map(nameText);
    const taken = signals.find(({ name }) => names.includes(name));
    if (!taken) return null;
    const { name, payload, sensitive } = signalIn(taken);
    const wait = { ...asked.wait, signal: name };
    const record = { ...asked, wait, sensitive, result: payload, finishedAt: wallTime() };
    const isTaken = await steps.record(hold, placeText(record), stepText(record, lease.attempt), taken);
    return isTaken ? record : null;
  }

  async signal(id: string, signal: NewSignal): Promise<StepAnswer> {
    const { set, watch } = this.store.opened;
    const found = await this.find(id);
    if (!found || hasEnded(found.state)) return { done: false, state: found?.state ?? null };
    const text = { name: nameText(signal.name), text: signalText(signal, wallTime()) };
    const sent = await set.steps.signal(found.queue, found.job.id!, text);
    if (sent === 'full') throw tooManySignals(id, signal.name);
    if (sent === 'ended') return { done: false, state: (await this.find(id))?.state ?? null };
    watch.announce(found.queue, id);
    return { done: true, state: found.state };
  }

  async retryFrom(id: string, step: string): Promise<StepAnswer> {
    const found = await this.find(id);
    if (!found || !ACTION_STATES.retry.includes(found.state)) return { done: false, state: found?.state ?? null };
    const { queue, state } = found;
    const problem = await workflowProblem(this.store.opened.set, 'retry', found);
    if (problem) throw problem;
    const texts = await this.textsOf(found);
    const left = withoutStepsFrom(texts, step);
    if (!left) return { done: false, state };
    try {
      await this.retrying.retry(found, { texts, left });
    } catch (error) {
      const now = await this.find(id);
      if (now?.state === state) throw error;
      return { done: false, state: now?.state ?? null };
    }
    this.store.opened.watch.announce(queue, id);
    return { done: true, state };
  }

  async list(id: string): Promise<TaskSteps | null> {
    const { registry, lists } = this.store.opened;
    await registry.refresh(true);
    const found = await lists.find(id);
    if (!found) return null;
    const texts = await this.textsOf(found);
    const steps = stepsIn(texts);
    const { mask } = this.context;
    return {
      steps: steps.slice(-MAX_STEPS_LISTED).map((step) => shownStep(step, mask)),
      total: steps.length,
      signals: texts.signals.slice(0, MAX_STEPS_LISTED).map((signal) => shownSignal(signal, mask)),
    };
  }

  private async find(id: string): Promise<Listed | null> {
    const { registry, lists } = this.store.opened;
    await registry.refresh(true);
    const listed = await lists.find(id);
    if (listed && registry.isForeign(listed.queue)) throw new ForeignQueueError(listed.queue);
    return listed;
  }

  private textsOf({ queue, job, state }: Listed): Promise<StepTexts> {
    const { set } = this.store.opened;
    return set.steps.read(state === 'cancelled' ? set.cancelledOf(queue).name : queue, job.id!);
  }
}

function tooManySignals(id: string, name: string): StepResultError {
  return new StepResultError(
    name,
    `was not sent to task "${id}": ${SIGNAL_BOUNDS.signals} signals, or ${shownSize(SIGNAL_BOUNDS.bytes)} of them, wait in it, ` +
      'and a job of BullMQ takes no more. Store large data elsewhere, and send its id.',
  );
}
