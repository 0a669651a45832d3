import { seldomErrors } from './logging/index.js';
import { createHash } from 'node:crypto';
import type { ModuleRef } from '@nestjs/core';
import { type ResolvedConfig, unfitOptions } from '../config/index.js';
import type { EngineContext, EngineLogger, TaskEngine } from '../engine/port/index.js';
import { TasksConfigError } from '../contract/index.js';
import { Outbox, outboxEngine } from '../outbox/index.js';
import { LIBRARY_FUNCTIONS, threadFile } from '../thread/index.js';
import { VERSION } from '../version.js';
import type { StoreSetup } from './store-setup.js';
import { findDataSource, labelOf } from './tasks.data-source.js';

/** Makes the engine that the configuration asks for and opens it. @throws TasksConfigError for what it cannot do */
export async function openEngine(
  config: ResolvedConfig,
  moduleRef: ModuleRef,
  logger: EngineLogger,
  setup: StoreSetup,
): Promise<TaskEngine> {
  const { dataSource: option, queues } = config;
  const made = setup.makeEngine(
    {
      ...config,
      dataSource: option === null ? null : await findDataSource(option, moduleRef, 'dataSource'),
      dataSourceLabel: option === null ? '' : labelOf(option),
      queues: [...queues.keys()],
      threadFile: threadFile(),
      version: VERSION,
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
  config: ResolvedConfig,
  { dataSource, migrate }: NonNullable<ResolvedConfig['outbox']>,
  moduleRef: ModuleRef,
  logger: EngineLogger,
): Promise<TaskEngine> {
  const outbox = new Outbox({
    dataSource: await findDataSource(dataSource, moduleRef, 'outbox'),
    label: labelOf(dataSource),
    migrate,
    clock: config.clock,
    logger,
    store: (tasks) => engine.enqueueing.enqueue(tasks),
    owner: () => engine.sharing.secret('outbox-store', proposedOwner(engine, config)),
  });
  return outboxEngine(engine, outbox);
}

/** The same after the store was lost and begun anew at its place, so that what waits in the outbox still finds it. */
function proposedOwner({ kind, describeFault }: TaskEngine, { database, name }: ResolvedConfig): string {
  const place = [kind, name, describeFault?.(undefined), database];
  return createHash('sha256').update(JSON.stringify(place)).digest('hex').slice(0, 32);
}

function engineContext(config: ResolvedConfig, logger: EngineLogger): EngineContext {
  const retentionOf = (queue: string) => (config.queues.get(queue)?.settings ?? config.defaults).retention;
  const all = [config.defaults, ...[...config.queues.values()].map(({ settings }) => settings)];
  return {
    clock: config.clock,
    logger: seldomErrors(logger),
    flows: new Map([...config.queues.values()].map(({ name, flow }) => [name, flow])),
    keepFor: (queue, state) => retentionOf(queue)[state],
    ...(all.some(({ retention }) => retention.atMost) && {
      keepAtMost: (queue, state) => retentionOf(queue).atMost?.[state] ?? null,
    }),
    ...LIBRARY_FUNCTIONS,
  };
}
