import type { DataSource } from 'typeorm';
import { BullmqEngine } from '../bullmq/index.js';
import { SqliteEngine } from '../sqlite/index.js';
import type { EngineContext, TaskEngine } from '../task-engine.js';
import { requireAppFile } from './app-file.js';
import type { EngineOption } from './engine-kinds.js';
import { patient } from './patient-engine.js';

/** What decides which engine there is, and how it works. */
export interface EnginePlan {
  /** Null: the embedded engine, in `database` or in the app's own `dataSource`. */
  readonly engine: EngineOption | null;
  readonly database: string | null;
  readonly dataSource: DataSource | null;
  /** What errors call it. */
  readonly dataSourceLabel: string;
  readonly synchronous: 'full' | 'normal';
  readonly lease: number;
  readonly maxLostAttempts: number;
  readonly queues: readonly string[];
}

/** @throws TasksConfigError where the app's DataSource cannot hold tasks */
export function makeEngine(plan: EnginePlan, context: EngineContext): TaskEngine {
  const { engine, dataSource, database, synchronous, lease, maxLostAttempts, queues } = plan;
  if (engine) return patient(new BullmqEngine({ ...engine.bullmq, lease, maxLostAttempts, queues }, context));
  if (dataSource) requireAppFile(dataSource, plan.dataSourceLabel);
  return new SqliteEngine({ database: dataSource ?? database!, synchronous, lease, maxLostAttempts }, context);
}
