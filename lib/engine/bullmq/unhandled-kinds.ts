import { wallTime } from '../../clock/index.js';
import type { UnhandledKind } from '../../contract/index.js';
import { recordsIn } from './attempt-record.js';
import { unhandledSince } from './declined.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';

const NOTE = 'unhandled';
/** A task that is left to others comes again after ten minutes at most: where none did for so long, there is none. */
const HOLDS_MS = 15 * 60_000;
const NOTE_EVERY_MS = 60_000;
/** Jobs that wait for their time are looked at in the order in which they come due: those left to others are soon. */
const MAX_LOOKED_AT = 200;

/** Kinds of tasks that some process knew no handler of, as the processes of a store note them. */
export class UnhandledKinds {
  private readonly notedAt = new Map<string, number>();

  constructor(
    private readonly set: QueueSet,
    private readonly registry: Registry,
  ) {}

  /** Notes a kind of which a task was left to others; once a minute at most. */
  async note(queue: string, name: string): Promise<void> {
    const field = `${NOTE}:${JSON.stringify([queue, name])}`;
    const now = wallTime();
    if (now - (this.notedAt.get(field) ?? 0) < NOTE_EVERY_MS) return;
    this.notedAt.set(field, now);
    await this.registry.note({ [field]: String(now) });
  }

  /** The noted kinds of which tasks still wait. */
  async waiting(): Promise<UnhandledKind[]> {
    await this.registry.refresh(true);
    const since = wallTime() - HOLDS_MS;
    const notes = Object.entries(await this.registry.of(NOTE)).filter(([, at]) => Number(at) > since);
    const kinds = notes.map(([key]) => JSON.parse(key) as [queue: string, name: string]);
    const queues = [...new Set(kinds.map(([queue]) => queue))];
    const jobs = new Map(await Promise.all(queues.map(async (queue) => [queue, await this.jobsOf(queue)] as const)));
    return kinds.flatMap(([queue, name]) => {
      const times = jobs
        .get(queue)!
        .filter((job) => job.name === name)
        .map((job) => job.since);
      return times.length === 0 ? [] : [{ queue, name, since: Math.min(...times), tasks: times.length }];
    });
  }

  /** Those that are left to others, with the time since when. */
  private async jobsOf(queue: string): Promise<Array<{ readonly name: string; readonly since: number }>> {
    const ids = await this.set.queue(queue).getRanges(['delayed', 'prioritized'], 0, MAX_LOOKED_AT, true);
    const left: Array<{ name: string; since: number }> = [];
    for await (const { name, stacktrace } of this.set.jobs.found(queue, ids, 'facts')) {
      const since = unhandledSince(recordsIn(stacktrace));
      if (since !== undefined) left.push({ name, since });
    }
    return left;
  }
}
