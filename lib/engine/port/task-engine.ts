import type { Acting } from './acting.js';
import type { Auditing } from './auditing.js';
import type { Delivering } from './delivering.js';
import type { EngineCapabilities } from './engine-capabilities.js';
import type { Enqueueing } from './enqueueing.js';
import type { Inspecting } from './inspecting.js';
import type { Keying } from './keying.js';
import type { Limiting } from './limiting.js';
import type { Relaying } from './relaying.js';
import type { Scheduling } from './scheduling.js';
import type { Sharing } from './sharing.js';
import type { Stepping } from './stepping.js';
import type { Watching } from './watching.js';
import type { Workflows } from './workflows.js';

/**
 * The one port between the library and a store: a record of facets. An engine stores, schedules and delivers, answers
 * questions and carries out actions. It knows nothing of handlers, validation or HTTP.
 *
 * Every method that writes resolves when the change is durable, and rejects with a `StoreError` when it could not be.
 */
export interface TaskEngine {
  /** `sqlite`, … */
  readonly kind: string;
  readonly capabilities: EngineCapabilities;

  readonly enqueueing: Enqueueing;
  readonly delivering: Delivering;
  readonly inspecting: Inspecting;
  readonly acting: Acting;
  readonly scheduling: Scheduling;
  readonly auditing: Auditing;
  readonly sharing: Sharing;
  readonly watching: Watching;
  /** Absent where the engine cannot keep durable steps. */
  readonly stepping?: Stepping;
  /** Absent where the engine has no workflows. */
  readonly workflows?: Workflows;
  /** Absent where the engine has no slots by key. */
  readonly keying?: Keying;
  /** Absent where the engine cannot. */
  readonly limiting?: Limiting;
  /** Absent where the module has no outbox. */
  readonly relaying?: Relaying;

  /**
   * What to tell of a fault of the store's server: where that is, what it said, and what would be right; never a password.
   * `undefined` stands for an answer that did not come. Null where nothing is known of the server yet; absent where the store
   * is no server.
   */
  describeFault?(fault: unknown): string | null;

  /** Connects, brings the schema up to date and starts the engine's own duties. Rejects when the store cannot be used. */
  open(): Promise<void>;
  /** Ends the duties and disconnects. Consumers are closed first. */
  close(): Promise<void>;
}
