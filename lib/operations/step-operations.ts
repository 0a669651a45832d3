import { checkTaskId } from '../checks/index.js';
import { StepsNotSupportedError, TaskNotFoundError, type TaskSteps } from '../contract/index.js';
import type { Stepping, TaskEngine } from '../engine/port/index.js';

/** Reads and steers the durable steps of stored tasks. */
export class StepOperations {
  constructor(private readonly engine: Pick<TaskEngine, 'kind' | 'stepping'>) {}

  /** What a task has recorded, and the signals that wait for it. @throws TaskNotFoundError, StepsNotSupportedError */
  async list(id: string): Promise<TaskSteps> {
    const steps = await this.stepping.list(checkTaskId(id));
    if (!steps) throw new TaskNotFoundError(id);
    return steps;
  }

  private get stepping(): Stepping {
    const { stepping, kind } = this.engine;
    if (stepping) return stepping;
    throw new StepsNotSupportedError(`The engine "${kind}" keeps no durable steps, and no signals for them.`);
  }
}
