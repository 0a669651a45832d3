import type { Workflows } from '../engine/port/index.js';

/**
 * What tasks of one name of a workflow returned that completed, in the order in which they were stored. They are read a page
 * at a time while they are gone through (`for await`), and all at once where they are awaited.
 */
export class NodeResults<Result> implements AsyncIterable<Result>, PromiseLike<Result[]> {
  constructor(
    private readonly workflows: Workflows,
    private readonly workflowId: string,
    private readonly name: string,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Result, void, undefined> {
    for (let after: number | null = null; ;) {
      const { results, next } = await this.workflows.results(this.workflowId, this.name, after);
      for (const { completed, result } of results) {
        if (completed && result !== null) yield JSON.parse(result) as Result;
      }
      if (next === null) return;
      after = next;
    }
  }

  /** Reads all of them. */
  // oxlint-disable-next-line unicorn/no-thenable -- `await task.resultsOf(name)` is an array
  then<Fulfilled = Result[], Rejected = never>(
    onFulfilled?: ((results: Result[]) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.all().then(onFulfilled, onRejected);
  }

  private async all(): Promise<Result[]> {
    const results: Result[] = [];
    for await (const result of this) results.push(result);
    return results;
  }
}
