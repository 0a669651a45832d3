import type { ResolvedConfig } from '../config/index.js';
import type { EngineLogger, TaskEngine } from '../engine/port/index.js';
import type { MaskParts } from './masked-task.js';
import { LimitOperations } from './limit-operations.js';
import { QueueOperations } from './queue-operations.js';
import { StepOperations } from './step-operations.js';
import { StoreOperations } from './store-operations.js';
import { WorkflowOperations } from './workflow-operations.js';
import { TaskOperations } from './task-operations.js';

export interface OperationsParts extends MaskParts {
  readonly engine: TaskEngine;
  readonly config: ResolvedConfig;
  readonly logger: EngineLogger;
}

/**
 * All that is done with a store beside enqueueing. The dispatcher's own methods and the panel stand on it; nobody else
 * asks the engine.
 */
export class Operations {
  readonly tasks: TaskOperations;
  readonly queues: QueueOperations;
  readonly limits: LimitOperations;
  readonly steps: StepOperations;
  readonly workflows: WorkflowOperations;
  readonly store: StoreOperations;

  constructor({ engine, config, logger, ...mask }: OperationsParts) {
    this.tasks = new TaskOperations(engine, mask);
    this.queues = new QueueOperations(engine, config);
    this.limits = new LimitOperations(engine, config, this.queues);
    this.steps = new StepOperations(engine);
    this.workflows = new WorkflowOperations(engine);
    this.store = new StoreOperations(engine, logger);
  }
}
