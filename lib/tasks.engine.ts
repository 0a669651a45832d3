import type { ModuleRef } from '@nestjs/core';
import { uuidv7 } from 'uuidv7';
import { unfitOptions } from './config/index.js';
import type { ResolvedConfig } from './config/resolved-config.js';
import { nextRun } from './cron/index.js';
import type { EngineContext, EngineLogger, TaskEngine } from './engine/index.js';
import { makeEngine } from './engine/kinds/index.js';
import { TasksConfigError } from './errors/index.js';
import { Outbox, outboxEngine } from './outbox/index.js';
import { maskSensitive } from './params/index.js';
import { findDataSource, labelOf } from './tasks.data-source.js';

/** Makes the engine that the configuration asks for and opens it. @throws TasksConfigError for what it cannot do */
export async function openEngine(
  config: ResolvedConfig,
  moduleRef: ModuleRef,
  logger: EngineLogger,
): Promise<TaskEngine> {
  const { dataSource: option, queues } = config;
  const made = makeEngine(
    {
      ...config,
      dataSource: option === null ? null : await findDataSource(option, moduleRef, 'dataSource'),
      dataSourceLabel: option === null ? '' : labelOf(option),
      queues: [...queues.keys()],
    },
    engineContext(config, logger),
  );
  const problems = unfitOptions(config, made);
  if (problems.length > 0) throw new TasksConfigError(problems.join('\n'));
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
    dataSource: await findDataSource(dataSource, moduleRef, 'outbox'),
    label: labelOf(dataSource),
    migrate,
    clock,
    logger,
    store: (tasks) => engine.enqueue(tasks),
  });
  return outboxEngine(engine, outbox);
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
