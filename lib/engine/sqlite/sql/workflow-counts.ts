import { hasEnded, type NodeState } from '../../../contract/index.js';

/** What one transaction adds to the counters of a workflow. */
export interface WorkflowDelta extends Record<NodeState, number> {
  ended: number;
  keepUntil: number;
  /** Whether a node of it that had ended lives again, and may have ended since. */
  revived: boolean;
  /** One of its queues, to tell those who watch. */
  queue: string;
}

/** Changes of workflows, which are written once for all of a transaction. */
export class WorkflowCounts {
  private readonly deltas = new Map<number, WorkflowDelta>();

  moved(workflow: number, queue: string, from: NodeState, to: NodeState): void {
    const delta = this.of(workflow, queue);
    delta[from] -= 1;
    delta[to] += 1;
    if (hasEnded(from) && !hasEnded(to)) delta.revived = true;
  }

  /** @param keepUntil of the one among them that is kept longest */
  ended(workflow: number, queue: string, tasks: number, keepUntil: number): void {
    const delta = this.of(workflow, queue);
    delta.ended += tasks;
    delta.keepUntil = Math.max(delta.keepUntil, keepUntil);
  }

  /** Those of one workflow, to be judged whether or not it has changed. */
  of(workflow: number, queue: string): WorkflowDelta {
    let delta = this.deltas.get(workflow);
    if (!delta) {
      const nodes = { blocked: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
      delta = { ...nodes, ended: 0, keepUntil: 0, revived: false, queue };
      this.deltas.set(workflow, delta);
    }
    return delta;
  }

  all(): Iterable<[workflow: number, delta: WorkflowDelta]> {
    return this.deltas;
  }
}
