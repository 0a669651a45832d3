import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { messageOf } from '../../errors/index.js';
import { ADMIN_DISPATCHER, EVENT_INTERVAL_MS, MAX_EVENT_CLIENTS, MAX_EVENT_TASK_IDS } from '../admin.constants.js';
import type { TaskDispatcher } from '../../dispatcher/index.js';
import { rawRequest, rawResponse, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';
import { EventStream } from './event-stream.js';

/**
 * Tells the clients what changed. The engine is watched while there is a client; its changes are gathered, and one event
 * with the fresh depths of the queues goes to all, so that a store under load is read twice a second at most.
 */
@Injectable()
export class ChangeFeed implements OnModuleDestroy {
  private readonly logger = new Logger('TasksAdmin');
  private readonly streams = new Set<EventStream>();
  private readonly changed = new Set<string>();
  private unwatch: (() => void) | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** Something changed that the clients have not been told. */
  private isStale = false;
  private isTelling = false;
  private closed = false;

  constructor(@Inject(ADMIN_DISPATCHER) private readonly dispatcher: TaskDispatcher) {}

  /** @throws ProblemError 503 when there are too many clients or the app shuts down */
  async join(request: HttpRequest, response: HttpResponse): Promise<void> {
    this.requireRoom();
    // Asked first: where the store does not answer, the client gets a problem and no stream.
    const queues = await this.dispatcher.stats();
    this.requireRoom();
    if (rawRequest(request).socket.destroyed) return;
    response.hijack?.();
    const stream = new EventStream(rawRequest(request), rawResponse(response), (gone) => this.leave(gone));
    this.streams.add(stream);
    this.unwatch ??= this.dispatcher.watch((change) => this.note(change.taskIds));
    stream.send('change', { taskIds: [], queues });
  }

  onModuleDestroy(): void {
    this.closed = true;
    this.stopWatching();
    for (const stream of this.streams) stream.end();
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

  private async tell(): Promise<void> {
    const taskIds = [...this.changed];
    this.changed.clear();
    this.timer = null;
    this.isStale = false;
    this.isTelling = true;
    try {
      const queues = await this.dispatcher.stats();
      for (const stream of this.streams) stream.send('change', { taskIds, queues });
    } catch (error) {
      this.logger.warn(`Live changes could not be told: ${messageOf(error)}`);
    } finally {
      this.isTelling = false;
      if (this.isStale && this.streams.size > 0) this.arm();
    }
  }
}
