import { monotonicTime, wallTime } from '../../clock/index.js';
import type { ErrorOccurrence, ErrorReport } from '../../contract/index.js';
import { ErrorGroups } from '../common/index.js';
import type { Registry } from './registry.js';
import type { TaskLists } from './task-lists.js';

/** Errors are read for this long at a time: whole jobs cross the wire. What is left is read the next time. */
const MAX_READING_MS = 1_000;
/** Read whatever it takes, so that each report has the newest. */
const MIN_READ = 500;
const CHUNK = 100;
/** Errors that are remembered of all queues together. */
const MAX_REMEMBERED = 200_000;

/**
 * What the failed jobs of the queues failed with. BullMQ knows which jobs have failed and not with what: each is read once and
 * remembered for as long as it stands in the list, so that the groups are whole after few reports, however many there are.
 */
export class FailedJobs {
  /** By queue and by id of the job. */
  private readonly remembered = new Map<string, Map<string, ErrorOccurrence | null>>();
  private size = 0;

  constructor(
    private readonly registry: Registry,
    private readonly lists: TaskLists,
  ) {}

  async report(asked: { readonly queue?: string; readonly name?: string }): Promise<ErrorReport> {
    await this.registry.refresh(true);
    const groups = new ErrorGroups(wallTime());
    const deadline = monotonicTime() + MAX_READING_MS;
    let read = 0;
    let complete = true;
    const shown = await this.registry.shownQueues();
    for (const queue of shown.filter((name) => asked.queue === undefined || name === asked.queue)) {
      const ids = await this.lists.failedIds(queue);
      const known = this.of(queue);
      this.forget(known, new Set(ids));
      const unread = [...unsettled(ids, known)];
      for (let start = 0; start < unread.length; start += CHUNK) {
        if (this.size >= MAX_REMEMBERED || (read >= MIN_READ && monotonicTime() > deadline)) {
          complete = false;
          break;
        }
        const part = unread.slice(start, start + CHUNK);
        for (const [id, occurrence] of await this.lists.errorsOf(queue, part)) this.remember(known, id, occurrence);
        read += part.length;
      }
      for (const occurrence of known.values()) {
        if (occurrence && (asked.name === undefined || occurrence.name === asked.name)) groups.add(occurrence);
      }
    }
    return groups.report(complete);
  }

  private of(queue: string): Map<string, ErrorOccurrence | null> {
    let known = this.remembered.get(queue);
    if (!known) this.remembered.set(queue, (known = new Map()));
    return known;
  }

  private remember(known: Map<string, ErrorOccurrence | null>, id: string, occurrence: ErrorOccurrence | null): void {
    if (!known.has(id)) this.size += 1;
    known.set(id, occurrence);
  }

  private forget(known: Map<string, ErrorOccurrence | null>, listed: ReadonlySet<string>): void {
    for (const id of known.keys()) if (!listed.has(id) && known.delete(id)) this.size -= 1;
  }
}

/**
 * The ids to read: those that are not known, the newest, and those that stand before a job that failed later. Such a job was
 * retried and has failed again since.
 * @param ids the one that failed last first
 */
function unsettled(ids: readonly string[], known: ReadonlyMap<string, ErrorOccurrence | null>): Set<string> {
  const wanted = new Set(ids.slice(0, CHUNK));
  let latestBelow = -Infinity;
  for (const id of ids.toReversed()) {
    const occurrence = known.get(id);
    if (!occurrence || occurrence.at < latestBelow) wanted.add(id);
    else latestBelow = occurrence.at;
  }
  return wanted;
}
