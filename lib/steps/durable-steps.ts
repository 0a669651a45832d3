import type { EntityManager } from 'typeorm';
import type { Clock } from '../clock/index.js';
import { runAsStep, runningStep } from '../context/index.js';
import { StepNameError, StepsNotSupportedError, TaskAbortedError } from '../contract/index.js';
import type { DeliveredTask, StepLease, StepPlace, Stepping, StepRecord, TaskEngine } from '../engine/port/index.js';
import type { Redact } from '../params/index.js';
import { type BegunStep, StepBook } from './step-book.js';
import { encodeStep } from './step-codec.js';
import { checkStepName, checkStepOptions, type StepContext } from './step-options.js';

/** What the steps of every attempt share. */
export interface StepTools {
  readonly engine: Pick<TaskEngine, 'kind' | 'stepping'>;
  readonly config: { readonly clock: Clock; readonly maxResultSize: number };
}

/** The attempt whose steps they are. */
export interface SteppedAttempt {
  readonly signal: AbortSignal;
  readonly redact: Redact;
}

type Run<Input, Result> = (input: Input) => Result | Promise<Result>;

/**
 * The durable steps of one attempt. A step that is on record gives what is recorded; one that is not runs, and is recorded
 * under the lease of the attempt.
 */
export class DurableSteps {
  private readonly book: StepBook;
  private readonly stepping: Stepping;
  private readonly lease: StepLease;
  private opening: Promise<void> | null = null;
  private inFlight = 0;
  private onIdle: Array<() => void> = [];
  private hasEnded = false;

  /** @throws StepsNotSupportedError */
  constructor(
    task: DeliveredTask,
    private readonly attempt: SteppedAttempt,
    private readonly tools: StepTools,
  ) {
    const { stepping, kind } = tools.engine;
    if (!stepping) {
      throw new StepsNotSupportedError(
        `The engine "${kind}" keeps no durable steps: enqueue what follows as a task of its own (task.queue with a key, by which ` +
          'a retry does not double it), or use the embedded engine.',
      );
    }
    this.stepping = stepping;
    const { id, queue, attempt: number, worker } = task;
    this.lease = { id, queue, attempt: number, ...(worker !== undefined && { worker }) };
    this.book = new StepBook(id);
  }

  /** Reads what the task has recorded in earlier attempts. */
  open(): Promise<void> {
    return (this.opening ??= this.lease.attempt > 1 ? this.readAll() : Promise.resolve());
  }

  async step<Result>(name: string, run: Run<StepContext, Result>, options?: object): Promise<Result> {
    const begun = this.begin('step', name, run, options);
    return this.carryOut(begun, async () => {
      const { signal } = this.attempt;
      const startedAt = this.now();
      const value = await runAsStep(begun.place.name, () => run({ key: begun.key, signal }));
      const record = this.recordOf(begun, startedAt, value);
      if (!(await this.stepping.record(this.lease, record))) throw leaseLost(begun.place.name);
      return record;
    });
  }

  async transaction<Result>(name: string, run: Run<EntityManager, Result>, options?: object): Promise<Result> {
    const begun = this.begin('transaction', name, run, options);
    return this.carryOut(begun, async () => {
      const startedAt = this.now();
      let record: StepRecord | undefined;
      const recorded = await this.stepping.transact(this.lease, begun.place, async (manager) => {
        const value = await runAsStep(begun.place.name, () => run(manager));
        return (record = this.recordOf(begun, startedAt, value));
      });
      if (!recorded) throw leaseLost(begun.place.name);
      return record!;
    });
  }

  /** Whether a step is under way. */
  get isBusy(): boolean {
    return this.inFlight > 0;
  }

  /** Resolves when no step is under way. */
  async idle(): Promise<void> {
    if (this.isBusy) await new Promise<void>((resolve) => this.onIdle.push(resolve));
  }

  /** The attempt is over: no step begins any more. */
  end(): void {
    this.hasEnded = true;
  }

  private begin(kind: 'step' | 'transaction', name: string, run: unknown, options: unknown): BegunStep {
    const checkedName = checkStepName(name);
    const outer = runningStep();
    if (outer !== null) {
      throw new StepNameError(
        checkedName,
        `Step "${checkedName}" stands within step "${outer}", which is recorded as a whole: put it after that one.`,
      );
    }
    if (typeof run !== 'function') {
      throw new StepNameError(checkedName, `Step "${checkedName}" has no function to run: task.${kind}(name, run).`);
    }
    if (this.hasEnded) {
      throw new StepNameError(
        checkedName,
        `Step "${checkedName}" was begun after its attempt had ended: await each step.`,
      );
    }
    return this.book.begin(kind, checkedName, checkStepOptions(options));
  }

  /** Gives what is on record of a step, or has it run and be recorded. */
  private async carryOut<Result>(begun: BegunStep, run: () => Promise<StepRecord>): Promise<Result> {
    this.inFlight += 1;
    try {
      await this.open();
      const found = this.book.find(begun);
      if (found?.finishedAt != null) return parsed<Result>(found);
      this.attempt.signal.throwIfAborted();
      this.book.assertRoom(begun);
      const record = await run();
      this.book.add(record);
      return parsed<Result>(record);
    } finally {
      this.book.end(begun);
      this.inFlight -= 1;
      if (this.inFlight === 0) for (const tell of this.onIdle.splice(0)) tell();
    }
  }

  /** The first run gives what every later one does: what JSON makes of the value. */
  private recordOf(begun: BegunStep, startedAt: number, value: unknown): StepRecord {
    const { json, sensitive } = encodeStep(
      begun.place.name,
      value,
      this.tools.config.maxResultSize,
      this.attempt.redact,
    );
    this.book.assertFits(begun, json);
    const finishedAt = this.now();
    const position = this.book.takePosition();
    return { ...begun.place, position, result: json, sensitive, wait: null, startedAt, finishedAt };
  }

  private async readAll(): Promise<void> {
    for (let after: StepPlace | null = null, more = true; more;) {
      const page = await this.stepping.read(this.lease, after);
      for (const record of page.steps) this.book.add(record);
      after = page.steps.at(-1) ?? null;
      more = page.more;
    }
  }

  private now(): number {
    return this.tools.config.clock.now();
  }
}

function parsed<Result>({ result }: StepRecord): Result {
  return JSON.parse(result ?? 'null') as Result;
}

function leaseLost(name: string): TaskAbortedError {
  return new TaskAbortedError(
    'lease-lost',
    `Step "${name}" was not recorded: the task was given to another worker meanwhile, which runs the step again.`,
  );
}
