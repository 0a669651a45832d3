import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { clearTimeout, setTimeout } from '../../clock/index.js';
import { inContextOfNow } from '../../context/index.js';
import { messageOf } from '../../contract/index.js';
import { ADMIN_OPERATIONS, EVENT_INTERVAL_MS, MAX_EVENT_CLIENTS, MAX_EVENT_TASK_IDS } from '../admin.constants.js';
import type { Operations, QueueStats } from '../../operations/index.js';
import { rawRequest, rawResponse, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { EventStream } from './event-stream.js';

type Tell = (taskIds: readonly string[], queues: readonly QueueStats[]) => Promise<void>;

/**
 * Tells the clients what changed. The engine is watched while there is a client; its changes are gathered, and one event
 * with the fresh depths of the queues goes to all, so that a store under load is read twice a second at most.
 */
@Injectable()
export class ChangeFeed implements OnModuleDestroy {
  private readonly logger = new Logger('TasksAdmin');
  /** Each with what tells it of changes: by the rights of the request that it answers, which are asked for in its context. */
  private readonly streams = new Map<EventStream, Tell>();
  private readonly changed = new Set<string>();
  private unwatch: (() => void) | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** Something changed that the clients have not been told. */
  private isStale = false;
  private isTelling = false;
  private closed = false;

  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    private readonly store: AllowedStore,
  ) {}

  /** @throws ProblemError 503 when there are too many clients or the app shuts down */
  async join(request: HttpRequest, response: HttpResponse): Promise<void> {
    this.requireRoom();
    // Asked first: where the store does not answer, the client gets a problem and no stream.
    const queues = await this.store.queues(request);
    this.requireRoom();
    if (rawRequest(request).socket.destroyed) return;
    response.hijack?.();
    const stream = new EventStream(rawRequest(request), rawResponse(response), (gone) => this.leave(gone));
    this.streams.set(
      stream,
      inContextOfNow((...change) => this.tellOne(stream, request, ...change)),
    );
    this.unwatch ??= this.operations.store.watch((change) => this.note(change.taskIds));
    stream.send('change', { taskIds: [], queues });
  }

  onModuleDestroy(): void {
    this.closed = true;
    this.stopWatching();
    for (const stream of this.streams.keys()) stream.end();
  }

  private requireRoom(): void {
    if (this.closed) throw new ProblemError(503, 'shutting_down', 'The app is shutting down.');
    if (this.streams.size >= MAX_EVENT_CLIENTS) {
      const detail = `There are ${MAX_EVENT_CLIENTS} clients of live changes already. Read the lists from time to time instead.`;
      throw new ProblemError(503, 'too_many_clients', detail, {}, { 'Retry-After': '30' });
    }
  }

  private leave(stream: EventStream): void {
    this.streams.delete(stream);
    if (this.streams.size === 0) this.stopWatching();
  }

  private stopWatching(): void {
    this.unwatch?.();
    this.unwatch = null;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.changed.clear();
  }

  private note(taskIds: readonly string[]): void {
    for (const id of taskIds) {
      if (this.changed.size >= MAX_EVENT_TASK_IDS) break;
      this.changed.add(id);
    }
    this.isStale = true;
    this.arm();
  }

  private arm(): void {
    if (this.timer || this.isTelling) return;
    this.timer = setTimeout(() => void this.tell(), EVENT_INTERVAL_MS);
    this.timer.unref();
  }

  /** Ids say nothing of the queue that a task is in: whoever may not see all of them is told none. */
  private async tellOne(
    stream: EventStream,
    request: HttpRequest,
    taskIds: readonly string[],
    queues: readonly QueueStats[],
  ): Promise<void> {
    try {
      const seen = await this.store.queuesNow(request, queues);
      stream.send('change', { taskIds: this.store.isOpen(request) ? taskIds : [], queues: seen });
    } catch (error) {
      this.logger.warn(`A client could not be told of live changes: ${messageOf(error)}`);
    }
  }

  private async tell(): Promise<void> {
    const taskIds = [...this.changed];
    this.changed.clear();
    this.timer = null;
    this.isStale = false;
    this.isTelling = true;
    try {
      const queues = await this.operations.queues.stats();
      for (const tell of this.streams.values()) await tell(taskIds, queues);
    } catch (error) {
      this.logger.warn(`Live changes could not be told: ${messageOf(error)}`);
    } finally {
      this.isTelling = false;
      if (this.isStale && this.streams.size > 0) this.arm();
    }
  }
}
