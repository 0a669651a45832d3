import type { EngineCapabilities, EngineContext, TaskEngine } from '../port/index.js';
import { SqliteActing } from './facets/acting.js';
import { SqliteAuditing } from './facets/auditing.js';
import { SqliteDelivering } from './facets/delivering.js';
import { SqliteEnqueueing } from './facets/enqueueing.js';
import { SqliteLimiting } from './facets/limiting.js';
import { SqliteKeying } from './facets/keying.js';
import { SqliteInspecting } from './facets/inspecting.js';
import { SqliteScheduling } from './facets/scheduling.js';
import { SqliteSharing } from './facets/sharing.js';
import { SqliteStepping } from './facets/stepping.js';
import { SqliteWorkflows } from './facets/workflows.js';
import { SqliteWatching } from './facets/watching.js';
import type { SqliteStore } from './sqlite-store.js';

export const CAPABILITIES: EngineCapabilities = {
  clock: 'injected',
  queueRank: true,
  listOrder: 'created',
  latencyMetrics: true,
  nameMetrics: true,
  retentionPerTask: true,
  uniqueIds: 'store',
  queueOrder: 'created',
  lapses: true,
  namedLimits: true,
  keys: true,
  globalConcurrency: true,
  storesWithCompletion: true,
  wholeWorkflows: true,
  keepsCancelledAttempts: true,
  uniqueKeys: true,
};

/** The port's facets on a store. */
export function engineOn(store: SqliteStore, context: EngineContext): TaskEngine {
  return {
    kind: 'sqlite',
    capabilities: CAPABILITIES,
    enqueueing: new SqliteEnqueueing(store, context),
    delivering: new SqliteDelivering(store),
    inspecting: new SqliteInspecting(store, context),
    acting: new SqliteActing(store, context),
    keying: new SqliteKeying(store, context),
    limiting: new SqliteLimiting(store, context),
    scheduling: new SqliteScheduling(store, context),
    auditing: new SqliteAuditing(store),
    sharing: new SqliteSharing(store),
    watching: new SqliteWatching(store),
    stepping: new SqliteStepping(store, context),
    workflows: new SqliteWorkflows(store, context),
    open: () => store.open(),
    close: () => store.close(),
  };
}
