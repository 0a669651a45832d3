import { type OpenStore, openStore } from '../../../src/migrate/open-store.js';
import { parseStoreAddress } from '../../../src/migrate/store-address.js';
import type { StoredTask } from '../../../lib/engine/port/transfer-store.js';
import { onTestEnd } from '../../module/support.js';

const LEASE_MS = 1_000;
const BATCH = 1_000;

const toConsole = { log: console.log, warn: console.warn, error: console.error };

/** A store as a move sees it, closed when the test ends. */
export async function opened(address: string): Promise<OpenStore['store']> {
  const { store } = await openStore(parseStoreAddress(address, '--from'), LEASE_MS, toConsole);
  onTestEnd(() => store.close());
  return store;
}

export async function fill(address: string, tasks: readonly StoredTask[]): Promise<void> {
  const { store } = await openStore(parseStoreAddress(address, '--from'), LEASE_MS, toConsole);
  for (let start = 0; start < tasks.length; start += BATCH) await store.importTasks(tasks.slice(start, start + BATCH));
  // What it landed failed tasks with would be in a move's way.
  await store.close();
}

/** All tasks that a move would take along, by id. */
export async function read(store: OpenStore['store']): Promise<StoredTask[]> {
  const tasks: StoredTask[] = [];
  for await (const task of store.exportTasks()) tasks.push(task);
  return tasks.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}
