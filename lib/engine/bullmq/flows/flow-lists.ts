import { type WorkflowPage, type WorkflowState, type WorkflowSummary } from '../../../contract/index.js';
import { cursorTo, placeOf } from '../../common/index.js';
import type { Workflows } from '../../port/index.js';
import { jobRange } from '../job-range.js';
import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';
import type { TaskJob } from '../task-job.js';
import { flowEndIn, FLOW, flowRecordIn } from './flow-record.js';
import { endedSummary, type FlowReader, flowSummary } from './flow-reader.js';

type Query = Parameters<Workflows['list']>[0];

/** Workflows that one page looks at, at most: a filter that finds nothing goes on at the cursor. */
const MAX_LOOKED_AT = 1_000;
const CHUNK = 50;

/** BullMQ's lists of workflows: those that run, those that are about to be noted as ended, and those that were. */
const LIVE = ['waiting-children'] as const;
const OVER = ['waiting', 'active', 'completed'] as const;

/** A list after the other, in each the latest first. */
export async function flowPage(set: QueueSet, reader: FlowReader, query: Query): Promise<WorkflowPage> {
  const { state, cursor, limit } = query;
  const lists = state === undefined ? [...LIVE, ...OVER] : state === 'running' ? LIVE : OVER;
  const queue = set.queue(FLOW_QUEUE);
  let [list, offset] =
    cursor === undefined
      ? [0, 0]
      : (placeOf('wf', cursor, /^\d:\d{1,12}$/)
          .split(':')
          .map(Number) as [number, number]);
  const items: WorkflowSummary[] = [];
  // One that moves from a list to another while they are read would be on the page twice.
  const given = new Set<string>();
  let looked = 0;
  while (list < lists.length && items.length < limit && looked < MAX_LOOKED_AT) {
    const ids = await jobRange(set, queue, lists[list]!, { offset, count: CHUNK, oldestFirst: false });
    const jobs: Array<TaskJob | undefined> = await Promise.all(ids.map((id) => queue.getJob(id)));
    let taken = 0;
    for (const job of jobs) {
      taken += 1;
      looked += 1;
      const found = job?.name === FLOW ? await summaryIn(reader, job, query) : null;
      if (!found || given.has(found.id)) continue;
      given.add(found.id);
      if (items.push(found) === limit) break;
    }
    if (taken === jobs.length && jobs.length < CHUNK) [list, offset] = [list + 1, 0];
    else offset += taken;
  }
  return { items, next: list < lists.length ? cursorTo('wf', `${list}:${offset}`) : null };
}

async function summaryIn(
  reader: FlowReader,
  job: TaskJob,
  { name, tags = {}, state }: Query,
): Promise<WorkflowSummary | null> {
  const record = flowRecordIn(job);
  if (name !== undefined && record.name !== name) return null;
  if (Object.entries(tags).some(([tag, value]) => record.tags?.[tag] !== value)) return null;
  const end = flowEndIn(job);
  const summary = end ? endedSummary(job, record, end) : flowSummary(await reader.now(job));
  return isOf(summary.state, state) ? summary : null;
}

function isOf(found: WorkflowState, wanted: WorkflowState | undefined): boolean {
  return wanted === undefined || found === wanted;
}
