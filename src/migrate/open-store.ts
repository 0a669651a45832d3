import type { EngineContext, EngineLogger } from '../../lib/engine/port/index.js';
import type { TransferStore } from '../../lib/engine/port/transfer-store.js';
import { CliError } from '../cli/usage-error.js';
import { inspectStore } from '../store/store-file.js';
import type { StoreAddress } from './store-address.js';

/** A store that is open, and where it is. */
export interface OpenStore {
  readonly shown: string;
  readonly store: TransferStore;
}

/** @throws CliError where the source is a file that there is not, or that holds no tasks */
export async function assertStoreExists(address: StoreAddress): Promise<void> {
  if (address.kind !== 'sqlite') return;
  const content = await inspectStore(address.file);
  if (!content) throw new CliError(`There is no file ${address.file}. Give the file that the app keeps its tasks in.`);
  if (content.migrations.length === 0) throw new CliError(`${address.file} holds no tasks.`);
}

/**
 * @param lease milliseconds that a process of another container may be silent
 * @throws StoreError where it cannot be opened
 */
export async function openStore(address: StoreAddress, lease: number, logger: EngineLogger): Promise<OpenStore> {
  const { DEFAULT_MAX_LOST_ATTEMPTS, DEFAULT_SETTINGS } = await import('../../lib/config/defaults.js');
  // The app's own settings are in its code, which this command does not run.
  const keepFor: EngineContext['keepFor'] = (_queue, state) => DEFAULT_SETTINGS.retention[state];
  const { shown } = address;
  if (address.kind === 'sqlite') {
    const { SqliteTransfer } = await import('../../lib/engine/sqlite/transfer/index.js');
    const rules = { maxLostAttempts: DEFAULT_MAX_LOST_ATTEMPTS, keepFor };
    return { shown, store: await SqliteTransfer.open({ database: address.file, lease, rules, logger }) };
  }
  const { BullmqTransfer } = await import('../../lib/engine/bullmq/transfer/index.js');
  const { nextRun } = await import('../../lib/cron/index.js');
  const { SystemClock } = await import('../../lib/clock/index.js');
  const { uuidv7 } = await import('uuidv7');
  const context = {
    clock: new SystemClock(),
    logger,
    keepFor,
    nextRun,
    mask: (params: unknown) => params,
    newId: uuidv7,
  };
  const where =
    address.kind === 'postgres'
      ? { postgres: address.url }
      : { connection: address.connection, ...(address.prefix !== undefined && { prefix: address.prefix }) };
  return { shown, store: await BullmqTransfer.open({ ...where, context }) };
}
