import type { TaskSummary } from '../../contract/index.js';

/** A page of large tasks ends here, and goes on at the cursor: all of it is in memory at once. */
const MAX_BYTES = 8 * 1_024 ** 2;

/** What was found for a page so far, each task once: one that moves from a list to another is in both while they are read. */
export class OpenPage {
  readonly items: TaskSummary[] = [];
  private bytes = 0;
  private readonly given = new Set<string>();

  constructor(private readonly limit: number) {}

  get isFull(): boolean {
    return this.items.length === this.limit || this.bytes >= MAX_BYTES;
  }

  has(queue: string, id: string): boolean {
    return this.given.has(`${queue} ${id}`);
  }

  /** @param bytes how large it is */
  add(found: TaskSummary, bytes: number): void {
    if (this.has(found.queue, found.id)) return;
    this.given.add(`${found.queue} ${found.id}`);
    this.items.push(found);
    this.bytes += bytes;
  }
}
