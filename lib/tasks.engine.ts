import type { ModuleRef } from '@nestjs/core';
import { uuidv7 } from 'uuidv7';
import type { ResolvedConfig } from './config/resolved-config.js';
import { nextRun } from './cron/index.js';
import type { EngineContext, EngineLogger, TaskEngine } from './engine/index.js';
import { BullmqEngine } from './engine/bullmq/index.js';
import { patient } from './engine/patient-engine.js';
import { SqliteEngine } from './engine/sqlite/index.js';
import { Outbox, OutboxEngine } from './outbox/index.js';
import { maskSensitive } from './params/index.js';
import { findDataSource, findOutboxDataSource } from './tasks.data-source.js';

/** Makes the engine that the configuration asks for and opens it. */
export async function openEngine(
  config: ResolvedConfig,
  moduleRef: ModuleRef,
  logger: EngineLogger,
): Promise<TaskEngine> {
  const made = await makeEngine(config, moduleRef, engineContext(config, logger));
  const engine = config.outbox ? await withOutbox(made, config, config.outbox, moduleRef, logger) : made;
  await engine.open();
  return engine;
}

async function withOutbox(
  engine: TaskEngine,
  { clock }: ResolvedConfig,
  { dataSource, migrate }: NonNullable<ResolvedConfig['outbox']>,
  moduleRef: ModuleRef,
  logger: EngineLogger,
): Promise<TaskEngine> {
  const outbox = new Outbox({
    dataSource: await findOutboxDataSource(dataSource, moduleRef),
    migrate,
    clock,
    logger,
    store: (tasks) => engine.enqueue(tasks),
  });
  return new OutboxEngine(engine, outbox);
}

async function makeEngine(config: ResolvedConfig, moduleRef: ModuleRef, context: EngineContext): Promise<TaskEngine> {
  const { engine, dataSource, database, synchronous, lease, maxLostAttempts } = config;
  if (engine) {
    const queues = [...config.queues.keys()];
    return patient(new BullmqEngine({ ...engine.bullmq, lease, maxLostAttempts, queues }, context));
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
