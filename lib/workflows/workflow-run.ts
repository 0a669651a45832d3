import { type Clock, whenItIs } from '../clock/index.js';
import { parseDuration } from '../checks/index.js';
import {
  type Duration,
  ResultTimeoutError,
  WorkflowCancelledError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowProgress,
} from '../contract/index.js';
import type { TaskEngine, WorkflowEnd, Workflows } from '../engine/port/index.js';
import { NodeResults } from './node-results.js';
import { workflowsOf } from './supported.js';

/** How somebody waits for the end of a workflow. */
export interface WorkflowResultOptions {
  /**
   * How long it is waited for; then a `ResultTimeoutError` is thrown, and the workflow goes on.
   * @default until it has ended
   */
  timeout?: Duration;
  /** Ends the waiting when it is aborted, with its reason; the workflow goes on. */
  signal?: AbortSignal;
}

/**
 * A workflow that was started.
 *
 * @publicApi
 */
export class WorkflowRun {
  /** @internal Made by `WorkflowBuilder.start` and `TaskDispatcher.workflowRun`. */
  constructor(
    private readonly engine: Pick<TaskEngine, 'kind' | 'workflows' | 'watching'>,
    private readonly clock: Clock,
    readonly id: string,
    /** Whether this call has started it: false where a workflow of its id was there, and of one that is only looked up. */
    readonly started = false,
  ) {}

  /** How far it is: counted, and never by looking at its nodes. @throws WorkflowNotFoundError, StoreError */
  async progress(): Promise<WorkflowProgress> {
    const progress = await this.workflows.progress(this.id);
    if (!progress) throw new WorkflowNotFoundError(this.id);
    return progress;
  }

  /**
   * Waits until it has ended, in whichever processes it runs.
   *
   * @returns what the tasks of its last nodes returned, by the names of the nodes: those that no other one waits for. An array
   *   where a node is of many tasks, or several have one name; without what did not complete
   * @throws WorkflowFailedError (its `cause` is the error of the task), WorkflowCancelledError, ResultTimeoutError,
   *   WorkflowNotFoundError, StoreError; the reason of the signal
   */
  async result<Results extends object = Record<string, unknown>>(
    options: WorkflowResultOptions = {},
  ): Promise<Results> {
    const { name, state, failed, last } = await this.end(options);
    if (state === 'failed') throw new WorkflowFailedError(this.id, name, failed?.node ?? null, failed?.task ?? null);
    if (state === 'cancelled') throw new WorkflowCancelledError(this.id, name);
    const results: Record<string, unknown> = {};
    for (const node of last) {
      if (Object.hasOwn(results, node.name)) continue;
      const values = await new NodeResults(this.workflows, this.id, node.name);
      const isOne = node.kind === 'one' && last.filter((other) => other.name === node.name).length === 1;
      Object.defineProperty(results, node.name, {
        value: isOne ? values[0] : values,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return results as Results;
  }

  /** Looks after each change of the store, from before the first look on: nothing ends unseen in between. */
  private async end({ timeout, signal }: WorkflowResultOptions): Promise<WorkflowEnd> {
    signal?.throwIfAborted();
    const length = timeout === undefined ? null : parseDuration(timeout, 'timeout');
    let wake = (): void => undefined;
    let hasChanged = true;
    let over: { readonly reason: unknown } | null = null;
    const change = (): void => {
      hasChanged = true;
      wake();
    };
    const giveUp = (reason: unknown): void => {
      over ??= { reason };
      wake();
    };
    const stopWatching = this.engine.watching.watch(change, { soon: true });
    const onAbort = (): void => giveUp(signal!.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancelTimer =
      length === null
        ? null
        : whenItIs(this.clock, this.clock.now() + length, () =>
            giveUp(new ResultTimeoutError(this.id, length, false, 'Workflow')),
          );
    try {
      for (;;) {
        if (hasChanged) {
          hasChanged = false;
          const end = await this.workflows.end(this.id);
          if (!end) throw new WorkflowNotFoundError(this.id);
          if (end.state !== 'running') return end;
        }
        if (over) throw (over as { readonly reason: unknown }).reason;
        if (!hasChanged) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stopWatching();
      cancelTimer?.();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  private get workflows(): Workflows {
    return workflowsOf(this.engine, `workflow "${this.id}" is none of it`);
  }
}
