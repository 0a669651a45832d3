import { type EngineContext, NO_CAPABILITIES, type TaskEngine } from '../port/index.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import { queueNameProblem } from './queue-names.js';
import { BullmqStore } from './bullmq-store.js';
import { BullmqActing } from './facets/acting.js';
import { BullmqAuditing } from './facets/auditing.js';
import { BullmqDelivering } from './facets/delivering.js';
import { BullmqEnqueueing } from './facets/enqueueing.js';
import { BullmqInspecting } from './facets/inspecting.js';
import { BullmqScheduling } from './facets/scheduling.js';
import { BullmqSharing } from './facets/sharing.js';
import { BullmqStepping } from './facets/stepping.js';
import { BullmqWatching } from './facets/watching.js';
import { BullmqWorkflows } from './facets/workflows.js';

/**
 * Tasks in BullMQ, on Redis or PostgreSQL, for any number of machines. A queue is a BullMQ queue, a task a job of the same
 * id in it; `JobConsumer` says how the outcomes of attempts map, `Cancelled` and `ScheduleTicker` what had to be added,
 * out of BullMQ's own parts.
 */
export function bullmqEngine(options: BullmqEngineOptions, context: EngineContext): TaskEngine {
  const store = new BullmqStore(options, context);
  return {
    kind: options.postgres === undefined ? 'bullmq-redis' : 'bullmq-postgres',
    capabilities: {
      ...NO_CAPABILITIES,
      lapses: true,
      globalConcurrency: true,
      queueNameProblem: (queue) => queueNameProblem(queue, options),
    },
    enqueueing: new BullmqEnqueueing(store),
    delivering: new BullmqDelivering(store, context),
    inspecting: new BullmqInspecting(store),
    acting: new BullmqActing(store),
    scheduling: new BullmqScheduling(store, context),
    auditing: new BullmqAuditing(store, context),
    sharing: new BullmqSharing(store),
    stepping: new BullmqStepping(store, context),
    watching: new BullmqWatching(store),
    workflows: new BullmqWorkflows(store),
    describeFault: (fault) => store.describeFault(fault),
    open: () => store.open(),
    close: () => store.close(),
  };
}
