import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { DataSource } from 'typeorm';
import { bullmqEngine } from '../bullmq/index.js';
import { retentionTable, sqliteEngine, threadedEngine } from '../sqlite/index.js';
import type { EngineContext, TaskEngine } from '../port/index.js';
import { isMachineClock } from '../../clock/index.js';
import { requireAppFile } from './app-file.js';
import type { EngineOption } from './engine-kinds.js';
import { withDeadlines } from '../common/index.js';

/** The options that decide which engine there is, and how it works. */
export interface EnginePlan {
  /** Null: the embedded engine, in `database` or in the app's own `dataSource`. */
  readonly engine: EngineOption | null;
  readonly database: string | null;
  readonly dataSource: DataSource | null;
  /** Its name in errors. */
  readonly dataSourceLabel: string;
  readonly synchronous: 'full' | 'normal';
  readonly lease: number;
  readonly maxLostAttempts: number;
  readonly queues: readonly string[];
  /** Whether the embedded engine runs in a thread of its own where it can. */
  readonly thread: boolean;
  /** Where the file is looked for that the thread runs; null where a thread would not find what it needs. */
  readonly threadFile: string | null;
  /** Of the library. */
  readonly version: string;
}

/** @throws TasksConfigError where the app's DataSource cannot hold tasks */
export function makeEngine(plan: EnginePlan, context: EngineContext): TaskEngine {
  const { engine, dataSource, database, synchronous, lease, maxLostAttempts, queues } = plan;
  if (engine) return withDeadlines(bullmqEngine({ ...engine.bullmq, lease, maxLostAttempts, queues }, context));
  if (dataSource) requireAppFile(dataSource, plan.dataSourceLabel);
  const options = { synchronous, lease, maxLostAttempts };
  if (plan.thread) {
    const obstacle = obstacleTo(plan, context);
    if (obstacle === null && existsSync(plan.threadFile!)) {
      const place = { entry: plan.threadFile!, version: plan.version, keepFor: retentionTable(queues, context) };
      return threadedEngine({ ...options, database: database! }, context, place);
    }
    if (obstacle === null) context.logger.warn(missing(plan.threadFile!));
    else context.logger.debug?.(`The task store runs in the app's own thread: ${obstacle}`);
  }
  return sqliteEngine({ ...options, database: dataSource ?? database! }, context);
}

/** What keeps the engine from running in a thread of its own; null where nothing does. */
function obstacleTo({ dataSource, database, threadFile }: EnginePlan, { clock }: EngineContext): string | null {
  // What the app's connection is doing is known in its own thread alone, and nothing is written while it has a transaction.
  if (dataSource) return "it is in the app's own database";
  if (database === ':memory:') return 'it is in memory';
  if (!isMachineClock(clock)) return "its clock is the app's";
  return threadFile === null ? 'a thread would not find the packages that it needs' : null;
}

function missing(threadFile: string): string {
  const name = basename(threadFile);
  return (
    `The task store runs in the app's own thread, as there is no ${name} in ${dirname(threadFile)}. An app that is bundled ` +
    `has to bring it along: copy it there from node_modules/nestjs-tasks/dist/esm/lib/thread/${name}. Where this is meant, ` +
    'say "thread: false".'
  );
}
