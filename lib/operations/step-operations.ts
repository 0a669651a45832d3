import { checkTaskId } from '../checks/index.js';
import {
  ACTION_STATES,
  hasEnded,
  InvalidArgumentError,
  listOf,
  StepsNotSupportedError,
  TASK_STATES,
  TaskNotFoundError,
  TaskStateError,
  type TaskSteps,
} from '../contract/index.js';
import type { NewSignal, Stepping, TaskEngine } from '../engine/port/index.js';

/** A task that has ended asks for none any more. */
const SIGNAL_STATES = TASK_STATES.filter((state) => !hasEnded(state));

/** Reads and steers the durable steps of stored tasks. */
export class StepOperations {
  constructor(private readonly engine: Pick<TaskEngine, 'kind' | 'stepping'>) {}

  /** What a task has recorded, and the signals that wait for it. @throws TaskNotFoundError, StepsNotSupportedError */
  async list(id: string): Promise<TaskSteps> {
    const steps = await this.stepping.list(checkTaskId(id));
    if (!steps) throw new TaskNotFoundError(id);
    return steps;
  }

  /** Sends a signal to a task that has not ended. @throws TaskNotFoundError, TaskStateError, StepsNotSupportedError */
  async signal(id: string, signal: NewSignal): Promise<void> {
    const { done, state } = await this.stepping.signal(checkTaskId(id), signal);
    if (done) return;
    throw state === null ? new TaskNotFoundError(id) : new TaskStateError(id, 'signal', state, SIGNAL_STATES);
  }

  /**
   * Has a task run again from one of its steps on.
   *
   * @throws TaskNotFoundError, TaskStateError, StepsNotSupportedError; InvalidArgumentError where it has recorded no such step
   */
  async retryFrom(id: string, step: string): Promise<void> {
    const { done, state, holder } = await this.stepping.retryFrom(checkTaskId(id), step);
    if (done) return;
    if (state === null) throw new TaskNotFoundError(id);
    if (holder !== undefined || !ACTION_STATES.retry.includes(state)) {
      throw new TaskStateError(id, 'retry', state, ACTION_STATES.retry, holder);
    }
    const { steps } = await this.list(id);
    const names = [...new Set(steps.map(({ name }) => name))];
    const known = names.length > 0 ? `Recorded: ${listOf(names)}.` : 'It has recorded none.';
    throw new InvalidArgumentError('from', `Task "${id}" has recorded no step "${step}". ${known}`);
  }

  private get stepping(): Stepping {
    const { stepping, kind } = this.engine;
    if (stepping) return stepping;
    throw new StepsNotSupportedError(`The engine "${kind}" keeps no durable steps, and no signals for them.`);
  }
}
