import { monotonicTime } from '../../clock/index.js';
import { InvalidArgumentError, type WorkerInfo } from '../../contract/index.js';
import { taskIdOf } from './job-ids.js';
import { impossibleName } from './queue-names.js';
import type { QueueSet } from './queue-set.js';

/** How long a process trusts what it has read of the notes. */
const TRUST_MS = 1_000;
const ID_SEPARATOR = ':';

/**
 * What the processes of one store know of each other, as fields of the meta data that BullMQ keeps for the library's own
 * queue: `queue:<name>`, `sensitive:<task>`, `worker:<id>`, `schedule:<name>`. A field is written as a whole: what several
 * processes add to has a field for each part.
 */
export class Registry {
  private fields: Record<string, string> = {};
  private readAt = Number.NEGATIVE_INFINITY;
  private readonly known = new Set<string>();
  private readonly passedOver = new Set<string>();
  /** What holds as long as this process runs. */
  private readonly declared: Record<string, string> = {};

  constructor(
    private readonly set: QueueSet,
    /** Told once of each note that is passed over, as no process could work with it. */
    private readonly warn: (message: string) => void,
    private readonly foreign: readonly string[] = [],
  ) {}

  /** @param gone fields that are forgotten with it */
  async note(values: Record<string, string>, gone: readonly string[] = []): Promise<void> {
    await this.set.own.backend.setQueueMeta(values);
    Object.assign(this.fields, values);
    if (gone.length > 0) await this.remove(gone);
    await this.tell();
  }

  /** As {@link note}, for what holds as long as this process runs: see {@link declareAgain}. */
  async declare(values: Record<string, string>): Promise<void> {
    Object.assign(this.declared, values);
    await this.note(values);
  }

  /** Notes again what this process has declared, in a store that has lost it. */
  async declareAgain(): Promise<void> {
    await this.refresh(true);
    await this.note(this.declared);
  }

  async forget(...fields: string[]): Promise<void> {
    await this.remove(fields);
    await this.tell();
  }

  /** Whether it has noted them all. */
  knowsQueues(names: Iterable<string>): boolean {
    for (const name of names) if (!this.known.has(name)) return false;
    return true;
  }

  /** @throws InvalidArgumentError for a name that no queue can have here: nothing is noted then */
  async noteQueues(names: Iterable<string>): Promise<void> {
    const fresh = [...names].filter((name) => !this.known.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) {
      const problem = this.set.queueNameProblem(name);
      if (problem !== null) throw new InvalidArgumentError('queue', `Queue "${name}" ${problem}.`);
    }
    await this.declare(Object.fromEntries(fresh.map((name) => [`queue:${name}`, '1'])));
    for (const name of fresh) this.known.add(name);
  }

  /** The library's own. */
  async queues(): Promise<string[]> {
    const noted = Object.keys(await this.of('queue')).filter((queue) => !this.isForeign(queue));
    return noted.filter((queue) => {
      const problem = impossibleName(queue);
      if (problem !== null) this.passOver(`queue:${queue}`, `queue "${queue}", which ${problem}`);
      return problem === null;
    });
  }

  /** Queues, those of other code too, which are read and never written. */
  async shownQueues(): Promise<string[]> {
    return [...(await this.queues()), ...this.foreign];
  }

  isForeign(queue: string): boolean {
    return this.foreign.includes(queue);
  }

  /** Ids of other code are numbers that each queue begins with 1: its name tells one from the other. */
  shownId(queue: string, jobId: string): string {
    return this.isForeign(queue) ? `${queue}${ID_SEPARATOR}${jobId}` : taskIdOf(jobId);
  }

  /** The queue and job that {@link shownId} made the id of; null for an own task. */
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

  /** As {@link of}, for notes that are JSON: one that cannot be read is passed over. */
  async parsed<T>(kind: string): Promise<Array<readonly [key: string, value: T]>> {
    return Object.entries(await this.of(kind)).flatMap(([key, text]) => {
      const value = this.parse<T>(`${kind}:${key}`, text);
      return value === undefined ? [] : [[key, value] as const];
    });
  }

  /** One note, by its whole name. */
  async get(field: string): Promise<string | undefined> {
    await this.refresh();
    return this.fields[field];
  }

  async refresh(force = false): Promise<void> {
    const now = monotonicTime();
    if (!force && now - this.readAt < TRUST_MS) return;
    this.fields = await this.set.own.backend.getQueueMeta();
    this.readAt = now;
  }

  private async remove(fields: readonly string[]): Promise<void> {
    await this.set.own.backend.removeQueueMetaFields([...fields]);
    for (const field of fields) {
      delete this.fields[field];
      delete this.declared[field];
    }
  }

  private async tell(): Promise<void> {
    await this.set.publish({ event: 'noted' });
  }

  private parse<T>(field: string, text: string): T | undefined {
    try {
      return JSON.parse(text) as T;
    } catch {
      this.passOver(field, `"${field}", which cannot be read`);
      return undefined;
    }
  }

  private passOver(field: string, what: string): void {
    if (this.passedOver.has(field)) return;
    this.passedOver.add(field);
    this.warn(`The task store has a note of ${what}: it is passed over.`);
  }

  /** By what the last refresh saw. */
  sensitiveOf(name: string): readonly string[] {
    const field = `sensitive:${name}`;
    const noted = this.fields[field];
    return (noted && this.parse<string[]>(field, noted)) || [];
  }

  /** The processes that noted themselves and whose connection BullMQ sees. */
  async workers(): Promise<WorkerInfo[]> {
    await this.refresh(true);
    const noted = await this.parsed<WorkerInfo>('worker');
    const alive = new Set<string>();
    for (const queue of await this.queues()) {
      for (const { rawname } of await this.set.queue(queue).getWorkers()) if (rawname) alive.add(rawname);
    }
    const infos = noted.map(([, info]) => info);
    return infos.filter(({ id }) => [...alive].some((name) => name.endsWith(id)));
  }
}
