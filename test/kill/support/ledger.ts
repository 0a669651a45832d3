import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * What really happened, beside what the store says: handlers write a line when they start and when they end, and the
 * test writes one before it kills or stops a process. All append to one file, so the order of its lines is the order of
 * the events, over all processes.
 */
export type LedgerEvent =
  | {
      readonly event: 'start' | 'end';
      readonly process: string;
      readonly name: string;
      readonly task: string;
      readonly attempt: number;
    }
  /** `queue()` resolved within a handler: `task` is stored. */
  | { readonly event: 'acknowledged'; readonly process: string; readonly task: string }
  /** A step has had its effect, under that key. */
  | {
      readonly event: 'effect';
      readonly process: string;
      readonly task: string;
      readonly step: string;
      readonly key: string;
    }
  /** From here on the process holds no lease that counts: it is about to be killed, or stopped for longer than its lease. */
  | { readonly event: 'gone'; readonly process: string }
  /** One that was stopped goes on. */
  | { readonly event: 'back'; readonly process: string };

export class Ledger {
  private readonly descriptor: number;

  constructor(private readonly file: string) {
    this.descriptor = openSync(file, 'a');
  }

  /** Written before it returns: what a process noted before it was killed is there. */
  write(event: LedgerEvent): void {
    writeSync(this.descriptor, `${JSON.stringify(event)}\n`);
  }

  read(): LedgerEvent[] {
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LedgerEvent);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/**
 * Times at which a handler started a task that another call, in a process that was not gone, had not ended yet; and
 * attempts that were started more than once.
 */
export function overlaps(events: readonly LedgerEvent[]): string[] {
  const found: string[] = [];
  const open = new Map<string, { process: string; attempt: number }>();
  const started = new Set<string>();
  const gone = new Set<string>();
  for (const event of events) {
    if (event.event === 'gone') {
      gone.add(event.process);
      for (const [task, owner] of open) if (owner.process === event.process) open.delete(task);
    } else if (event.event === 'back') {
      gone.delete(event.process);
    } else if (event.event === 'start') {
      const owner = open.get(event.task);
      if (owner) {
        found.push(
          `${event.task}: attempt ${event.attempt} started in ${event.process} ` +
            `while attempt ${owner.attempt} ran in ${owner.process}`,
        );
      }
      const key = `${event.task}: attempt ${event.attempt}`;
      if (started.has(key)) found.push(`${key} was started twice`);
      started.add(key);
      // Between that line and the signal it may still start one: that goes with it.
      if (gone.has(event.process)) open.delete(event.task);
      else open.set(event.task, event);
    } else if (event.event === 'end') {
      const owner = open.get(event.task);
      if (owner?.process === event.process && owner.attempt === event.attempt) open.delete(event.task);
    }
  }
  return found;
}
