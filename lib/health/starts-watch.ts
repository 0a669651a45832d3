import { type AttemptMessage, listenToAttempts } from '../channels/index.js';
import { monotonicTime } from '../clock/index.js';

/** What this process runs of each queue, and when it last began something. */
export class StartsWatch {
  private readonly since = monotonicTime();
  private readonly running = new Map<string, Set<AttemptMessage>>();
  private readonly begunAt = new Map<string, number>();
  private readonly end: () => void;

  constructor(store: string) {
    this.end = listenToAttempts({
      start: (message) => {
        if (message.store !== store) return;
        const { queue } = message.task;
        const running = this.running.get(queue) ?? new Set();
        this.running.set(queue, running.add(message));
        this.begunAt.set(queue, monotonicTime());
      },
      end: (message) => void this.running.get(message.task.queue)?.delete(message),
    });
  }

  runningOf(queue: string): number {
    return this.running.get(queue)?.size ?? 0;
  }

  /** For how long nothing of the queue has begun here, in milliseconds; as far as it was watched. */
  idleFor(queue: string): number {
    return monotonicTime() - (this.begunAt.get(queue) ?? this.since);
  }

  stop(): void {
    this.end();
  }
}
