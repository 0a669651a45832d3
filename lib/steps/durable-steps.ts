import type { EntityManager } from 'typeorm';
import { type StepMessage, stepsAreTraced, traceStep } from '../channels/index.js';
import { type Clock, whenItIs } from '../clock/index.js';
import { inCleanContext, runAsStep, runningStep } from '../context/index.js';
import {
  type Caller,
  hasEnded,
  StepNameError,
  StepsNotSupportedError,
  TaskAbortedError,
  TaskNotFoundError,
  type StepKind,
} from '../contract/index.js';
import type {
  AwaitedTask,
  DeliveredTask,
  StepLease,
  StepPlace,
  Stepping,
  StepRecord,
  TaskEngine,
} from '../engine/port/index.js';
import { calledId, isBroken, resultOfCall } from './called-task.js';
import type { Redact } from '../params/index.js';
import { type BegunStep, StepBook } from './step-book.js';
import { encodeStep } from './step-codec.js';
import { checkStepName, checkStepOptions, checkWait, type StepContext, untilOf } from './step-options.js';
import { Suspension } from './suspension.js';

/** A sleep of less is waited for in place: a task is not suspended for it. */
const MIN_SUSPENDED_MS = 1_000;
/** What a task has saved is one record, in the place of the one before. */
const CHECKPOINT = { kind: 'save', name: 'saved', number: 0 } as const;

/** What the steps of every attempt share. */
export interface StepTools {
  readonly engine: Pick<TaskEngine, 'kind' | 'stepping' | 'workflows' | 'inspecting'>;
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
  /** As it is told of. */
  private readonly task: StepMessage['task'];
  private readonly generation: number;
  /** Whether an earlier attempt may have recorded something: one of a task that was revived may be the first again. */
  private readonly hasRecords: boolean;
  private readonly suspension = new Suspension(
    () => this.isBusy,
    (record) => void this.note(record),
  );
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
          'a retry does not double it), or use an engine of the library.',
      );
    }
    this.stepping = stepping;
    const { id, queue, attempt: number, worker } = task;
    this.lease = { id, queue, attempt: number, ...(worker !== undefined && { worker }) };
    this.task = { id, queue, name: task.name, attempt: number };
    this.generation = task.traits?.generation ?? 0;
    this.book = new StepBook(id, stepping.bounds);
    this.hasRecords = number > 1 || task.traits?.steps === true;
  }

  /** Reads what the task has recorded in earlier attempts. */
  open(): Promise<void> {
    return (this.opening ??= this.hasRecords ? this.readAll() : Promise.resolve());
  }

  async step<Result>(name: string, run: Run<StepContext, Result>, options?: object): Promise<Result> {
    const begun = this.begin('step', name, options, run);
    return this.carryOut(begun, async () => {
      const { signal } = this.attempt;
      const startedAt = this.now();
      const value = await this.runStep('step', begun, () => run({ key: begun.key, signal }));
      return this.keep(this.recordOf(begun, startedAt, value));
    });
  }

  private runStep<Result>(
    kind: StepMessage['kind'],
    { place }: BegunStep,
    run: () => Result | Promise<Result>,
  ): Result | Promise<Result> {
    if (!stepsAreTraced()) return runAsStep(place.name, run);
    return traceStep({ task: this.task, step: place.name, kind }, async () => runAsStep(place.name, run));
  }

  async transaction<Result>(name: string, run: Run<EntityManager, Result>, options?: object): Promise<Result> {
    const begun = this.begin('transaction', name, options, run);
    return this.carryOut(begun, async () => {
      const startedAt = this.now();
      let record: StepRecord | undefined;
      const recorded = await this.stepping.transact(this.lease, begun.place, async (manager) => {
        const value = await this.runStep('transaction', begun, () => run(manager));
        return (record = this.recordOf(begun, startedAt, value));
      });
      if (!recorded) throw leaseLost(begun.place.name);
      return record!;
    });
  }

  async sleep(name: string, duration: unknown, options?: object): Promise<void> {
    const until = untilOf(duration, this.now());
    const begun = this.begin('sleep', name, options);
    await this.carryOut(begun, async (found) => {
      const wait = found ?? this.waitRecord(begun, { until });
      const end = wait.wait?.until ?? until;
      // A clock that was set back since does not make a sleep longer than a short one.
      if (!found && end - this.now() < MIN_SUSPENDED_MS) await this.inPlace(end);
      else if (end > this.now()) return wait;
      return this.keep({ ...wait, result: 'null', finishedAt: this.now() });
    });
  }

  /** Resolves to the name of the signal and what was sent with it; to null where the time was over first. */
  async waitForAny(names: readonly string[], options?: object): Promise<readonly [string, unknown] | null> {
    const { signals, timeout, ...known } = checkWait(names, options);
    const begun = this.begin('wait', signals.join('|'), known);
    const until = timeout === null ? {} : { until: this.now() + timeout };
    const record = await this.settled(begun, async (found) => {
      this.book.takeBytes(begun, '');
      const asked = askedFor(signals, found ?? this.waitRecord(begun, { signals, ...until }));
      const taken = await this.stepping.take(this.lease, asked);
      if (taken) return taken;
      if ((asked.wait?.until ?? Infinity) > this.now()) return asked;
      return this.keep({ ...asked, result: 'null', finishedAt: this.now() });
    });
    const signal = record.wait?.signal;
    return signal === undefined ? null : [signal, parsed(record)];
  }

  /**
   * @param enqueue enqueues a task of that id, unless it is there
   */
  async call<Result>(
    name: string,
    options: object,
    enqueue: (id: string, caller: Caller) => Promise<{ readonly id: string }>,
  ): Promise<Result> {
    const begun = this.begin('call', name, options);
    const { place } = begun;
    const caller = { task: this.lease.id, step: place.name, number: place.number };
    const enqueueFor = async (generation: number) => (await enqueue(calledId(caller, generation), caller)).id;
    return this.carryOut(begun, async (found) => {
      let id = found?.wait?.task ?? (await enqueueFor(this.generation));
      let end = await this.endOf(id);
      // Of an earlier time that this task was tried, before somebody had it run again.
      if (found && isBroken(end) && this.generation > 0)
        end = await this.endOf((id = await enqueueFor(this.generation)));
      const wait = { ...(found ?? this.waitRecord(begun, {})), wait: { task: id } };
      // What ended without a result so soon is put on record first: a retry by hand is to know that it was called.
      if (!hasEnded(end.state) || (!found && isBroken(end))) return wait;
      const result = resultOfCall(end);
      this.book.takeBytes(begun, result);
      // What the task has of secrets is its own to show.
      return this.keep({ ...wait, result, sensitive: [''], finishedAt: this.now() });
    });
  }

  private async endOf(id: string): Promise<AwaitedTask> {
    const [task] = (await this.tools.engine.inspecting.awaited([id])).tasks;
    if (!task) throw new TaskNotFoundError(id);
    return task;
  }

  /** What was saved last; undefined where nothing was. */
  get saved(): unknown {
    const record = this.book.at(CHECKPOINT);
    return record ? parsed(record) : undefined;
  }

  async save(value: unknown): Promise<void> {
    this.assertUsable('saved');
    this.inFlight += 1;
    try {
      await this.open();
      this.attempt.signal.throwIfAborted();
      this.book.add(await this.keep(this.recordOf({ place: CHECKPOINT }, this.now(), value)));
    } finally {
      this.leave();
    }
  }

  /** Whether a step is under way. */
  get isBusy(): boolean {
    return this.inFlight > 0;
  }

  /** Why the attempt is to end, where it is suspended. */
  get suspended(): Pick<Suspension, 'error' | 'waits'> | null {
    return this.suspension.error ? this.suspension : null;
  }

  /** The attempt is to end, and is not suspended: what it waits for is to be on record all the same. */
  noteWaits(): void {
    this.suspension.noteAll();
  }

  /** Resolves when no step is under way. */
  async idle(): Promise<void> {
    if (this.isBusy) await new Promise<void>((resolve) => this.onIdle.push(resolve));
  }

  /** The attempt is over: no step begins any more. */
  end(): void {
    this.hasEnded = true;
  }

  private begin(kind: StepKind, name: string, options: unknown, run?: unknown): BegunStep {
    const checkedName = checkStepName(name);
    this.assertUsable(checkedName);
    if ((kind === 'step' || kind === 'transaction') && typeof run !== 'function') {
      throw new StepNameError(checkedName, `Step "${checkedName}" has no function to run: task.${kind}(name, run).`);
    }
    return this.book.begin(kind, checkedName, checkStepOptions(options), kind === 'call');
  }

  private assertUsable(name: string): void {
    const outer = runningStep();
    if (outer !== null) {
      throw new StepNameError(
        name,
        `Step "${name}" stands within step "${outer}", which is recorded as a whole: put it after that one.`,
      );
    }
    if (this.suspension.error) throw this.suspension.error;
    if (this.hasEnded) {
      throw new StepNameError(name, `Step "${name}" was begun after its attempt had ended: await each step.`);
    }
  }

  private async carryOut<Result>(
    begun: BegunStep,
    run: (found: StepRecord | null) => Promise<StepRecord>,
  ): Promise<Result> {
    return parsed<Result>(await this.settled(begun, run));
  }

  /**
   * Gives what is on record of a step, or has it run and be recorded. Where `run` gives a record that is not finished, the
   * task is suspended for it.
   */
  private async settled(begun: BegunStep, run: (found: StepRecord | null) => Promise<StepRecord>): Promise<StepRecord> {
    this.inFlight += 1;
    let record: StepRecord;
    let found: StepRecord | null;
    try {
      await this.open();
      found = this.book.find(begun);
      if (found?.finishedAt != null) return found;
      this.attempt.signal.throwIfAborted();
      if (!found) this.book.takeRoom(begun);
      record = await run(found);
      this.book.add(record);
      if (record.finishedAt !== null) return record;
    } finally {
      this.book.end(begun);
      this.leave();
    }
    return this.suspension.wait(record, found !== null && found.wait?.task === record.wait?.task);
  }

  private leave(): void {
    this.inFlight -= 1;
    if (this.inFlight > 0) return;
    for (const tell of this.onIdle.splice(0)) tell();
    this.suspension.look();
  }

  /** The first run gives what every later one does: what JSON makes of the value. */
  private recordOf(begun: Pick<BegunStep, 'place'>, startedAt: number, value: unknown): StepRecord {
    const { name } = begun.place;
    const { json, sensitive } = encodeStep(name, value, this.tools.config.maxResultSize, this.attempt.redact);
    this.book.takeBytes(begun, json);
    const position = this.book.takePosition();
    return { ...begun.place, position, result: json, sensitive, wait: null, startedAt, finishedAt: this.now() };
  }

  private waitRecord({ place }: BegunStep, wait: NonNullable<StepRecord['wait']>): StepRecord {
    const position = this.book.takePosition();
    return { ...place, position, result: null, sensitive: [], wait, startedAt: this.now(), finishedAt: null };
  }

  private async keep(record: StepRecord): Promise<StepRecord> {
    if (await this.stepping.record(this.lease, record)) return record;
    throw leaseLost(record.name);
  }

  /** Where that fails, the wait begins anew in the next attempt, unless this one is suspended for it. */
  private async note(record: StepRecord): Promise<void> {
    this.inFlight += 1;
    try {
      await this.stepping.record(this.lease, record);
    } catch {
      // The store says so to whoever asks it next.
    } finally {
      this.leave();
    }
  }

  private async inPlace(until: number): Promise<void> {
    const { signal } = this.attempt;
    const { clock } = this.tools.config;
    if (until <= clock.now()) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = inCleanContext(() =>
        whenItIs(clock, until, () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        }),
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
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

/** What was begun under a former name waits for the present one as well. */
function askedFor(names: readonly string[], record: StepRecord): StepRecord {
  return { ...record, wait: { ...record.wait, signals: [...new Set([...(record.wait?.signals ?? []), ...names])] } };
}

function leaseLost(name: string): TaskAbortedError {
  return new TaskAbortedError(
    'lease-lost',
    `Step "${name}" was not recorded: the task was given to another worker meanwhile, which runs the step again.`,
  );
}
