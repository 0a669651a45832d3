import { shownValue } from '../checks/index.js';
import { inCleanContext } from '../context/index.js';
import {
  type AuditEntry,
  type AuditPage,
  InvalidArgumentError,
  messageOf,
  type StoreCondition,
  type WorkerInfo,
  type WorkerStatus,
} from '../contract/index.js';
import type { EngineCapabilities, EngineChange, EngineLogger, TaskEngine } from '../engine/port/index.js';
import type { OutboxStatus } from './operations.types.js';

/** Questions about the store as a whole. */
export class StoreOperations {
  constructor(
    private readonly engine: TaskEngine,
    private readonly logger: EngineLogger,
  ) {}

  /** `sqlite`, `bullmq-redis` or `bullmq-postgres`. */
  get kind(): string {
    return this.engine.kind;
  }

  get capabilities(): EngineCapabilities {
    return this.engine.capabilities;
  }

  /** Every live process that works on the store. */
  async workers(): Promise<WorkerInfo[]> {
    return [...(await this.engine.inspecting.workers())];
  }

  /** As {@link workers}, with what each process is running. */
  async workersAtWork(): Promise<WorkerStatus[]> {
    return [...(await this.engine.inspecting.workersAtWork())];
  }

  /** What the store is kept in, and the tasks that nobody handles. @throws StoreError */
  async condition(): Promise<StoreCondition> {
    return this.engine.inspecting.condition();
  }

  /** Tasks that wait in the outbox, where there is one, to be handed over to the store. @throws StoreError */
  async outbox(): Promise<OutboxStatus> {
    const queues = await this.engine.relaying?.depths();
    return { enabled: queues !== undefined, queues: [...(queues ?? [])] };
  }

  /** Calls `listener` soon after something changed, not for each change. @returns what ends it */
  watch(listener: (change: EngineChange) => unknown): () => void {
    if (typeof listener !== 'function') {
      throw new InvalidArgumentError('listener', `listener must be a function, not ${shownValue(listener)}.`);
    }
    return this.engine.watching.watch((change) => inCleanContext(() => this.tell(listener, change)));
  }

  /** The secret of that name, which all processes of the store share; `proposed` becomes it where there was none. */
  async secret(name: string, proposed: string): Promise<string> {
    return this.engine.sharing.secret(name, proposed);
  }

  /** Adds an entry to the audit record. */
  async noteAudit(entry: AuditEntry): Promise<void> {
    await this.engine.auditing.note(entry);
  }

  /** One page of the audit record, the newest entry first. @throws InvalidArgumentError for a cursor that is none */
  async audit(page: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage> {
    return this.engine.auditing.page(page);
  }

  /** A listener that fails must not keep others from hearing, nor end the process. */
  private tell(listener: (change: EngineChange) => unknown, change: EngineChange): void {
    const report = (error: unknown): void => this.logger.error(`A listener of watch() failed: ${messageOf(error)}`);
    try {
      const told = listener(change);
      if (told instanceof Promise) told.catch(report);
    } catch (error) {
      report(error);
    }
  }
}
