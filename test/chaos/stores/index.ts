import type { ChaosStore } from './chaos-store.js';
import { ServerStore } from './server-store.js';
import { SqliteStore } from './sqlite-store.js';

export type { ChaosStore } from './chaos-store.js';
export { ServerStore } from './server-store.js';
export { SqliteStore } from './sqlite-store.js';

export const ENGINES = ['sqlite', 'redis', 'postgres'] as const;
export type EngineName = (typeof ENGINES)[number];

/** @param folder of the round */
export async function openStore(engine: EngineName, folder: string, lease: number): Promise<ChaosStore> {
  return engine === 'sqlite' ? new SqliteStore(folder, lease) : ServerStore[engine](folder);
}
