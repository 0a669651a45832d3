import { MAX_AUDIT_ENTRIES, type AuditEntry, type AuditPage } from '../../../contract/index.js';
import { pageOf, placeOf } from '../../common/index.js';
import type { Auditing, EngineContext } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { AUDIT_QUEUE } from '../queue-names.js';
import type { TaskQueue } from '../task-job.js';

const JOB = 'audit';
/** Lines read in one go. */
const CHUNK = 500;

interface Line extends AuditEntry {
  /** By which a cursor finds it again. */
  readonly id: string;
}

/** The record is the log of a job: BullMQ keeps its order and drops the oldest. */
export class BullmqAuditing implements Auditing {
  constructor(
    private readonly store: BullmqStore,
    private readonly context: Pick<EngineContext, 'newId'>,
  ) {}

  async note(entry: AuditEntry): Promise<void> {
    const { queue } = this;
    // One that is there is left as it is.
    await queue.add(JOB, {}, { jobId: JOB });
    const line: Line = { ...entry, id: this.context.newId() };
    await queue.addJobLog(JOB, JSON.stringify(line), MAX_AUDIT_ENTRIES);
  }

  async page({ cursor, limit }: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage> {
    const after = cursor === undefined ? null : placeOf('audit', cursor, /^[\w-]{1,100}$/);
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
    const { items, nextCursor } = pageOf('audit', [...found], limit, ([id]) => id);
    return { items: items.map(([, entry]) => entry), nextCursor };
  }

  private get queue(): TaskQueue {
    return this.store.opened.set.queue(AUDIT_QUEUE);
  }
}
