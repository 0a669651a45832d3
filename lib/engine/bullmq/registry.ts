import type { WorkerInfo } from '../task-engine.js';
import type { QueueSet } from './queue-set.js';

/** How long a process trusts what it has read of the notes. */
const TRUST_MS = 1_000;
const ID_SEPARATOR = ':';

/**
 * What the processes of one store know of each other, as fields of the meta data that BullMQ keeps for the library's own
 * queue: `queue:<name>`, `sensitive:<task>`, `worker:<id>`, `schedule:<name>`.
 */
export class Registry {
  private fields: Record<string, string> = {};
  private readAt = Number.NEGATIVE_INFINITY;
  private readonly known = new Set<string>();

  constructor(
    private readonly set: QueueSet,
    private readonly foreign: readonly string[] = [],
  ) {}

  async note(values: Record<string, string>): Promise<void> {
    await this.set.own.backend.setQueueMeta(values);
    Object.assign(this.fields, values);
    await this.tell();
  }

  async forget(...fields: string[]): Promise<void> {
    await this.set.own.backend.removeQueueMetaFields(fields);
    for (const field of fields) delete this.fields[field];
    await this.tell();
  }

  /** Whether it has noted them all. */
  knowsQueues(names: Iterable<string>): boolean {
    for (const name of names) if (!this.known.has(name)) return false;
    return true;
  }

  async noteQueues(names: Iterable<string>): Promise<void> {
    const fresh = [...names].filter((name) => !this.known.has(name));
    if (fresh.length === 0) return;
    await this.note(Object.fromEntries(fresh.map((name) => [`queue:${name}`, '1'])));
    for (const name of fresh) this.known.add(name);
  }

  /** The library's own. */
  async queues(): Promise<string[]> {
    return Object.keys(await this.of('queue')).filter((queue) => !this.isForeign(queue));
  }

  /** Those of other code too, which are read and never written. */
  async shownQueues(): Promise<string[]> {
    return [...(await this.queues()), ...this.foreign];
  }

  isForeign(queue: string): boolean {
    return this.foreign.includes(queue);
  }

  /** Ids of other code are numbers that each queue begins with 1: its name tells one from the other. */
  shownId(queue: string, jobId: string): string {
    return this.isForeign(queue) ? `${queue}${ID_SEPARATOR}${jobId}` : jobId;
  }

  /** What {@link shownId} made the id of; null for an own task. */
  foreignJob(id: string): { readonly queue: string; readonly jobId: string } | null {
    const queue = this.foreign.find((name) => id.startsWith(`${name}${ID_SEPARATOR}`));
    return queue === undefined ? null : { queue, jobId: id.slice(queue.length + ID_SEPARATOR.length) };
  }

  /** @param kind what stands before the colon; the rest of each field is the key of the result */
  async of(kind: string): Promise<Record<string, string>> {
    await this.refresh();
    const prefix = `${kind}:`;
    const own = Object.entries(this.fields).filter(([field]) => field.startsWith(prefix));
    return Object.fromEntries(own.map(([field, value]) => [field.slice(prefix.length), value]));
  }

  /** One note, by its whole name. */
  async get(field: string): Promise<string | undefined> {
    await this.refresh();
    return this.fields[field];
  }

  async refresh(force = false): Promise<void> {
    const now = performance.now();
    if (!force && now - this.readAt < TRUST_MS) return;
    this.fields = await this.set.own.backend.getQueueMeta();
    this.readAt = now;
  }

  private async tell(): Promise<void> {
    await this.set.publish({ event: 'noted' });
  }

  /** By what the last refresh saw. */
  sensitiveOf(name: string): readonly string[] {
    const noted = this.fields[`sensitive:${name}`];
    return noted ? (JSON.parse(noted) as string[]) : [];
  }

  /** Those that noted themselves and whose connection BullMQ sees. */
  async workers(): Promise<WorkerInfo[]> {
    await this.refresh(true);
    const noted = await this.of('worker');
    const alive = new Set<string>();
    for (const queue of await this.queues()) {
      for (const { rawname } of await this.set.queue(queue).getWorkers()) if (rawname) alive.add(rawname);
    }
    const infos = Object.values(noted).map((value) => JSON.parse(value) as WorkerInfo);
    return infos.filter(({ id }) => [...alive].some((name) => name.endsWith(id)));
  }
}
