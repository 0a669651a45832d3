import { wallTime } from '../../../clock/index.js';
import type { EngineContext } from '../../port/index.js';
import type { Cancelled } from '../cancelled.js';
import { ChoreWorker } from '../chore-worker.js';
import { untilDone, WITHOUT_END } from '../chores.js';
import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';
import type { Registry } from '../registry.js';
import type { TaskJob } from '../task-job.js';
import { ENDING, type FlowEnding } from './flow-ending.js';
import { endingNote } from './in-flow.js';
import { flowEndIn, type FlowEnd, type FlowRecord } from './flow-record.js';
import type { FlowReader } from './flow-reader.js';

/** A field of the registry: some process of the store has, or had, a workflow. */
const FLOWS_USED = 'workflows';
const AGAIN_MS = 500;
/** Ended workflows that are pruned at a time, at most: those that ended first. */
const BATCH = 1_000;

export interface FlowKeeperParts {
  readonly set: QueueSet;
  readonly registry: Registry;
  readonly cancelled: Cancelled;
  readonly reader: FlowReader;
  readonly ending: FlowEnding;
}

/**
 * Works on the jobs of workflows. That of one becomes available when the last of its tasks has ended: how it has ended is noted
 * then, and for how long it is kept.
 */
export class FlowKeeper {
  private readonly worker: ChoreWorker;

  constructor(
    private readonly context: Pick<EngineContext, 'keepFor'>,
    private readonly parts: FlowKeeperParts,
  ) {
    const { set, registry } = parts;
    const work = untilDone(set, AGAIN_MS, (job) => this.work(job));
    this.worker = new ChoreWorker(set, registry, FLOWS_USED, () => {
      const worker = set.worker(FLOW_QUEUE, work, { concurrency: 4, maxStalledCount: WITHOUT_END });
      // Nobody listens to this queue: whoever watches the store is told by the library's own.
      worker.on('completed', ({ id }) => {
        set.publish({ event: 'workflow-ended', id: id! }).catch(() => undefined);
      });
      return worker;
    });
  }

  open(): Promise<void> {
    return this.worker.open();
  }

  close(): Promise<void> {
    return this.worker.close();
  }

  /** Before a workflow is stored. */
  use(): Promise<void> {
    return this.worker.use();
  }

  /** Removes workflows that were kept for their time. */
  async prune(): Promise<void> {
    const now = wallTime();
    const jobs: Array<TaskJob | undefined> = await this.parts.set
      .queue(FLOW_QUEUE)
      .getJobs(['completed'], 0, BATCH - 1, true);
    for (const job of jobs) {
      const keepUntil = job && flowEndIn(job)?.keepUntil;
      if (keepUntil != null && keepUntil <= now) await job!.remove({ removeChildren: false });
    }
  }

  private async work(job: TaskJob): Promise<unknown> {
    if (job.name === ENDING) return this.parts.ending.goOn(job);
    return this.end(job);
  }

  private async end(job: TaskJob): Promise<FlowEnd> {
    const { record, progress, facts } = await this.parts.reader.now(job);
    await this.parts.cancelled.unask(endingNote(progress.id));
    const { state, nodes, tasks } = progress;
    const finishedAt = wallTime();
    const keepFor = this.keepFor(record);
    return {
      progress: { state, nodes, tasks },
      ending: facts.ending,
      finishedAt,
      keepUntil: keepFor === null ? null : finishedAt + keepFor,
    };
  }

  /** As long as the queue of its tasks that keeps what has failed, or was cancelled, for longest. */
  private keepFor({ nodes }: FlowRecord): number | null {
    let longest = 0;
    for (const queue of new Set(nodes.map((node) => node.queue))) {
      for (const state of ['failed', 'cancelled'] as const) {
        const keepFor = this.context.keepFor(queue, state);
        if (keepFor === null) return null;
        longest = Math.max(longest, keepFor);
      }
    }
    return longest;
  }
}
