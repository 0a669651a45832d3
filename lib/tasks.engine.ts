import type { ModuleRef } from '@nestjs/core';
import { uuidv7 } from 'uuidv7';
import type { ResolvedConfig } from './config/resolved-config.js';
import { nextRun } from './cron/index.js';
import type { EngineContext, EngineLogger, TaskEngine } from './engine/index.js';
import { BullmqEngine } from './engine/bullmq/index.js';
import { SqliteEngine } from './engine/sqlite/index.js';
import { maskSensitive } from './params/index.js';
import { findDataSource } from './tasks.data-source.js';

/** Makes the engine that the configuration asks for and opens it. */
export async function openEngine(
  config: ResolvedConfig,
  moduleRef: ModuleRef,
  logger: EngineLogger,
): Promise<TaskEngine> {
  const engine = await makeEngine(config, moduleRef, engineContext(config, logger));
  await engine.open();
  return engine;
}

async function makeEngine(config: ResolvedConfig, moduleRef: ModuleRef, context: EngineContext): Promise<TaskEngine> {
  const { engine, dataSource, database, synchronous, lease, maxLostAttempts } = config;
  if (engine) {
    const queues = [...config.queues.keys()];
    return new BullmqEngine({ ...engine.bullmq, lease, maxLostAttempts, queues }, context);
  }
  return new SqliteEngine(
    {
      database: dataSource === null ? database! : await findDataSource(dataSource, moduleRef),
      synchronous,
      lease,
      maxLostAttempts,
    },
    context,
  );
}

function engineContext(config: ResolvedConfig, logger: EngineLogger): EngineContext {
  return {
    clock: config.clock,
    logger,
    keepFor: (queue, state) => (config.queues.get(queue)?.settings ?? config.defaults).retention[state],
    nextRun,
    mask: maskSensitive,
    newId: uuidv7,
  };
}
