import { InvalidArgumentError } from '../../errors/index.js';
import { MOST_AUDIT_ENTRIES, type AuditEntry, type AuditPage } from '../task-engine.js';
import type { QueueSet, TaskQueue } from './queue-set.js';

/** A queue beside the library's own, which nobody works on: its one job has the record for its log. */
const QUEUE_SUFFIX = '~audit';
const JOB = 'audit';
/** Lines read in one go. */
const CHUNK = 500;

interface Line extends AuditEntry {
  /** By which a cursor finds it again. */
  readonly id: string;
}

/** Who changed what, in the log of a job: BullMQ keeps its order and drops the oldest. */
export class AuditLog {
  constructor(
    private readonly set: QueueSet,
    private readonly newId: () => string,
  ) {}

  async note(entry: AuditEntry): Promise<void> {
    // One that is there is left as it is.
    await this.queue.add(JOB, {}, { jobId: JOB });
    const line: Line = { ...entry, id: this.newId() };
    await this.queue.addJobLog(JOB, JSON.stringify(line), MOST_AUDIT_ENTRIES);
  }

  /** @throws InvalidArgumentError for a cursor that is none */
  async page({ cursor, limit }: { cursor?: string; limit: number }): Promise<AuditPage> {
    const after = cursor === undefined ? null : decode(cursor);
    const found = new Map<string, AuditEntry>();
    let reached = after === null;
    for (let offset = 0; found.size <= limit; offset += CHUNK) {
      const { logs } = await this.queue.getJobLogs(JOB, offset, offset + CHUNK - 1, false);
      for (const text of logs) {
        const { id, ...entry } = JSON.parse(text) as Line;
        if (reached) found.set(id, entry);
        else reached = id === after;
      }
      if (logs.length < CHUNK) break;
    }
    const shown = [...found].slice(0, limit);
    return {
      items: shown.map(([, entry]) => entry),
      nextCursor: found.size > limit ? encode(shown.at(-1)![0]) : null,
    };
  }

  private get queue(): TaskQueue {
    return this.set.queue(`${this.set.own.name}${QUEUE_SUFFIX}`);
  }
}

function encode(id: string): string {
  return Buffer.from(`audit:${id}`).toString('base64url');
}

function decode(cursor: string): string {
  const match = /^audit:([\w-]{1,100})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match) return match[1]!;
  throw new InvalidArgumentError('cursor', 'cursor is none that a page of the audit record gave as its nextCursor.');
}
