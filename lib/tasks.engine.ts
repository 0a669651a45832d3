import type { ModuleRef } from '@nestjs/core';
import { uuidv7 } from 'uuidv7';
import type { ResolvedConfig } from './config/resolved-config.js';
import { nextRun } from './cron/index.js';
import type { EngineContext, EngineLogger, TaskEngine } from './engine/index.js';
import { SqliteEngine } from './engine/sqlite/index.js';
import { maskSensitive } from './params/index.js';
import { findDataSource } from './tasks.data-source.js';

/** Makes the engine that the configuration asks for and opens it. */
export async function openEngine(
  config: ResolvedConfig,
  moduleRef: ModuleRef,
  logger: EngineLogger,
): Promise<TaskEngine> {
  const { dataSource, database, synchronous, lease, maxLostAttempts } = config;
  const engine = new SqliteEngine(
    {
      database: dataSource === null ? database! : await findDataSource(dataSource, moduleRef),
      synchronous,
      lease,
      maxLostAttempts,
    },
    engineContext(config, logger),
  );
  await engine.open();
  return engine;
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
