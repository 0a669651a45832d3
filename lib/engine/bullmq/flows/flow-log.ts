import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';

/** How the tasks of a node have ended. */
export interface NodeEnd {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Id of the first that failed. */
  readonly failedTask?: string;
  /** Place of the node whose end kept it from running. */
  readonly cause?: number;
}

/** A row of the log of a workflow's job, as JSON. */
export type FlowRow =
  | { readonly ends: ReadonlyArray<readonly [place: number, end: NodeEnd]> }
  /** It is being ended before its nodes are. */
  | { readonly ending: 'cancelled' | 'deadline' };

/** What the rows tell. */
export interface FlowFacts {
  /** By the places of the nodes. */
  readonly ends: ReadonlyMap<number, NodeEnd>;
  readonly ending: 'cancelled' | 'deadline' | null;
}

const PAGE = 1_000;
const ENDS_A_ROW = 100;

/**
 * What is known of a workflow beside BullMQ's own marks, which go with the jobs that they are in: it stands in the log of the
 * workflow's job, and each row is written once and never again.
 */
export class FlowLog {
  constructor(private readonly set: QueueSet) {}

  /** @param id of the workflow's job */
  async addEnds(id: string, ends: ReadonlyArray<readonly [place: number, end: NodeEnd]>): Promise<void> {
    for (let start = 0; start < ends.length; start += ENDS_A_ROW) {
      await this.add(id, { ends: ends.slice(start, start + ENDS_A_ROW) });
    }
  }

  async addEnding(id: string, ending: NonNullable<FlowFacts['ending']>): Promise<void> {
    await this.add(id, { ending });
  }

  async read(id: string): Promise<FlowFacts> {
    const ends = new Map<number, NodeEnd>();
    let ending: FlowFacts['ending'] = null;
    for (let start = 0; ; start += PAGE) {
      const { logs } = await this.set.queue(FLOW_QUEUE).getJobLogs(id, start, start + PAGE - 1, true);
      for (const text of logs) {
        const row = JSON.parse(text) as FlowRow;
        if ('ending' in row) ending ??= row.ending;
        else for (const [place, end] of row.ends) if (!ends.has(place)) ends.set(place, end);
      }
      if (logs.length < PAGE) return { ends, ending };
    }
  }

  private async add(id: string, row: FlowRow): Promise<void> {
    await this.set.library.Job.addJobLog(this.set.queue(FLOW_QUEUE), id, JSON.stringify(row));
  }
}
