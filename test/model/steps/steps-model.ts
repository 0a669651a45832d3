import { type AttemptOutcome, hasEnded, type TaskState } from '../../../lib/contract/index.js';
import { MINUTE } from '../../conformance/harness.js';
import {
  ATTEMPTS,
  type Call,
  CALLED,
  CALLER,
  type Part,
  type Program,
  recordedAs,
  RETRY_DELAY_MS,
  type Step,
  type Wait,
} from './program.js';

/** What is on record of a part of a program. */
export interface Recorded {
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly number: number;
  position: number;
  /** Undefined while it is waited for. */
  result?: unknown;
  readonly until?: number;
  readonly signals?: readonly string[];
  called?: ModelTask;
}

/** A part that has begun in the attempt that runs. `gate`: it ends when the test says so. */
interface Begun {
  readonly path: string;
  readonly part: Step | Wait | Call;
  readonly record: Omit<Recorded, 'position'>;
  is: 'done' | 'threw' | 'waits' | 'gate';
  result?: unknown;
  run?: number;
}

export interface ModelTask {
  readonly id: string;
  readonly name: string;
  readonly program: Program;
  readonly caller: ModelTask | null;
  state: TaskState;
  attempt: number;
  /** Attempts that do not count. */
  excused: number;
  runAt: number;
  /** How often it was retried by hand since it has had records. */
  generation: number;
  readonly records: Map<string, Recorded>;
  readonly signals: Array<{ readonly name: string; readonly payload: number }>;
  /** How often each part has run. */
  readonly runs: Map<string, number>;
  /** How its attempts ended that were not suspended. */
  readonly ends: AttemptOutcome[];
  /** What its handler did, attempt by attempt. */
  readonly done: Map<number, string[]>;
  result?: unknown;
  next: number;
  begun: readonly Begun[] | null;
  counts: Map<string, number>;
  results: unknown[];
}

/** What durable steps are, by the guide: what has to be on record of each task, and what its handler is called for. */
export class StepsModel {
  readonly tasks: ModelTask[] = [];
  isPaused = false;

  constructor(public now: number) {}

  add(id: string, program: Program, name = CALLER, caller: ModelTask | null = null): ModelTask {
    const task: ModelTask = {
      id,
      name,
      program,
      caller,
      state: 'available',
      attempt: 0,
      excused: 0,
      runAt: this.now,
      generation: 0,
      records: new Map(),
      signals: [],
      runs: new Map(),
      ends: [],
      done: new Map(),
      next: 0,
      begun: null,
      counts: new Map(),
      results: [],
    };
    this.tasks.push(task);
    return task;
  }

  /** What is ready runs, until nothing goes on by itself. */
  settle(): void {
    for (let ready; !this.isPaused && (ready = this.tasks.find(({ state }) => state === 'available'));) {
      Object.assign(ready, { state: 'running', next: 0, begun: null, counts: new Map(), results: [] });
      ready.attempt += 1;
      ready.done.set(ready.attempt, []);
      this.goOn(ready);
    }
  }

  /** The steps that run until the test says how they end. */
  gates(): Array<{ readonly task: ModelTask; readonly begun: Begun }> {
    return this.tasks.flatMap((task) =>
      (task.begun ?? []).filter(({ is }) => is === 'gate').map((begun) => ({ task, begun })),
    );
  }

  release(task: ModelTask, begun: Begun, how: 'well' | 'badly'): void {
    if (how === 'well') this.finish(task, begun, { run: begun.run });
    else begun.is = 'threw';
    this.goOn(task);
  }

  /** Returns whether it is taken. */
  signal(task: ModelTask, name: string, payload: number): boolean {
    if (hasEnded(task.state)) return false;
    task.signals.push({ name, payload });
    if (task.state === 'suspended') this.look(task);
    return true;
  }

  cancel(task: ModelTask): boolean {
    if (hasEnded(task.state)) return false;
    this.end(task, 'cancelled');
    return true;
  }

  /** @param from name of a step; null: from where it was */
  retry(task: ModelTask, from: string | null): boolean {
    if (!['failed', 'cancelled', 'retryable'].includes(task.state)) return false;
    const records = [...task.records.values()];
    const first = Math.min(...records.filter(({ name }) => name === from).map(({ position }) => position));
    if (from !== null && first === Infinity) return false;
    if (hasEnded(task.state)) task.excused = task.attempt;
    task.generation += 1;
    for (const [path, { position }] of task.records) if (position >= first) task.records.delete(path);
    task.state = 'available';
    return true;
  }

  /** Names of what a task has on record, but for what was recorded beside others: which came first is open. */
  namesOf({ records }: ModelTask): string[] {
    return [...new Set([...records.values()].filter(({ path }) => !path.includes('.')).map(({ name }) => name))];
  }

  /** Attempts end that count for nothing: their process has died, or shuts down. */
  giveBack(tasks: readonly ModelTask[]): void {
    for (const task of tasks) {
      task.ends.push('released');
      task.excused += 1;
      task.begun = null;
      task.state = 'available';
    }
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const task of this.tasks) {
      if (task.state === 'retryable' && task.runAt <= this.now) task.state = 'available';
      if (task.state === 'suspended') this.look(task);
    }
  }

  private goOn(task: ModelTask): void {
    for (;;) {
      if (!task.begun) {
        const part = task.program[task.next];
        if (!part) return this.complete(task);
        if (!this.begin(task, part)) return this.fail(task);
        if (!task.begun) continue;
      }
      const { begun } = task as { begun: readonly Begun[] };
      if (begun.some(({ is }) => is === 'gate')) return;
      if (begun.some(({ is }) => is === 'threw')) return this.fail(task);
      if (begun.some(({ is }) => is === 'waits')) return this.suspend(task);
      this.gives(
        task,
        begun.map(({ result }) => result),
      );
    }
  }

  /** Returns whether it did not throw at once. */
  private begin(task: ModelTask, part: Part): boolean {
    const path = String(task.next);
    switch (part.do) {
      case 'throw':
        if ((task.runs.get(path) ?? 0) < part.times) return this.runs(task, path) === 0;
        this.gives(task, []);
        return true;
      case 'save': {
        const before = task.records.get(SAVED)?.result ?? null;
        const saved = { path };
        task.records.set(SAVED, { ...AT_SAVED, position: this.position(task), result: saved });
        this.gives(task, [before]);
        return true;
      }
      case 'all': {
        const parts = part.parts as ReadonlyArray<Step | Wait | Call>;
        task.begun = parts.map((each, index) => this.beginOne(task, each, `${path}.${index}`, String(index)));
        return true;
      }
      default:
        task.begun = [this.beginOne(task, part, path, null)];
        return true;
    }
  }

  private beginOne(task: ModelTask, part: Step | Wait | Call, path: string, key: string | null): Begun {
    const { kind, name } = recordedAs(part, key);
    const number = task.counts.get(`${kind} ${name}`) ?? 0;
    task.counts.set(`${kind} ${name}`, number + 1);
    const begun: Begun = { path, part, record: { path, kind, name, number }, is: 'done' };
    const found = task.records.get(path);
    if (found?.result !== undefined) begun.result = found.result;
    else if (part.do === 'step') {
      begun.run = this.runs(task, path);
      task.done.get(task.attempt)!.push(`${path} runs as ${number === 0 ? name : `${name}:${number}`}`);
      if (part.gated) begun.is = 'gate';
      else if (begun.run <= part.fails) begun.is = 'threw';
      else this.finish(task, begun, { run: begun.run });
    } else if (part.do === 'wait') this.wait(task, part, begun, found);
    else this.call(task, part, begun, found);
    return begun;
  }

  private wait(task: ModelTask, { names, minutes }: Wait, begun: Begun, found: Recorded | undefined): void {
    const until = minutes === null ? {} : { until: this.now + minutes * MINUTE };
    const record = found ?? { ...begun.record, ...until, signals: names, position: this.position(task) };
    task.records.set(begun.path, record);
    if (!this.answer(task, record)) begun.is = 'waits';
    else begun.result = record.result;
  }

  private call(task: ModelTask, { program }: Call, begun: Begun, found: Recorded | undefined): void {
    const of = `${task.id}#${begun.path}`;
    const called = (): ModelTask => {
      const id = `${of}#${task.generation}`;
      return this.tasks.find((each) => each.id === id) ?? this.add(id, program, CALLED, task);
    };
    const record = found ?? { ...begun.record, called: called(), position: this.position(task) };
    if (found && isBroken(found.called!) && task.generation > 0) found.called = called();
    task.records.set(begun.path, record);
    if (this.answer(task, record)) begun.result = record.result;
    else begun.is = found && isBroken(record.called!) ? 'threw' : 'waits';
  }

  /** Whether what is waited for has come, which is on record from then on. */
  private answer(task: ModelTask, record: Recorded): boolean {
    const { called, until = Infinity, signals = [] } = record;
    const index = task.signals.findIndex(({ name }) => signals.includes(name));
    if (index >= 0) {
      const [{ name, payload }] = task.signals.splice(index, 1) as [{ name: string; payload: number }];
      record.result = [name, payload];
    } else if (until <= this.now) record.result = null;
    else if (called?.state === 'completed') record.result = called.result;
    return record.result !== undefined;
  }

  /** A suspended task goes on where something that it waits for has come. */
  private look(task: ModelTask): void {
    const open = [...task.records.values()].filter(({ result }) => result === undefined);
    open.sort((one, other) => one.position - other.position);
    // What it called and has ended is found when it goes on.
    const answers = open.map((record) => (record.called ? hasEnded(record.called.state) : this.answer(task, record)));
    if (answers.includes(true)) task.state = 'available';
  }

  private suspend(task: ModelTask): void {
    task.begun = null;
    task.excused += 1;
    task.state = 'suspended';
    this.look(task);
  }

  private fail(task: ModelTask): void {
    task.begun = null;
    if (task.attempt - task.excused >= ATTEMPTS[task.name]!) return this.end(task, 'failed');
    task.ends.push('retried');
    task.state = 'retryable';
    task.runAt = this.now + RETRY_DELAY_MS;
  }

  private complete(task: ModelTask): void {
    task.result = task.results;
    this.end(task, 'completed');
  }

  private end(task: ModelTask, state: 'completed' | 'failed' | 'cancelled'): void {
    if (task.state === 'running') task.ends.push(state);
    task.begun = null;
    task.state = state;
    if (task.caller?.state === 'suspended') this.look(task.caller);
  }

  /** A part has given what it gives, and the next one begins. */
  private gives(task: ModelTask, results: readonly unknown[]): void {
    task.done.get(task.attempt)!.push(`${task.next} gives ${JSON.stringify(results)}`);
    task.results.push(results);
    task.next += 1;
    task.begun = null;
  }

  private finish(task: ModelTask, begun: Begun, result: unknown): void {
    task.records.set(begun.path, { ...begun.record, position: this.position(task), result });
    Object.assign(begun, { is: 'done', result });
  }

  private runs(task: ModelTask, path: string): number {
    const runs = (task.runs.get(path) ?? 0) + 1;
    task.runs.set(path, runs);
    return runs;
  }

  private position({ records }: ModelTask): number {
    return Math.max(0, ...[...records.values()].map(({ position }) => position)) + 1;
  }
}

const SAVED = 'saved';
const AT_SAVED = { path: SAVED, kind: 'save', name: SAVED, number: 0 } as const;

function isBroken({ state }: ModelTask): boolean {
  return state === 'failed' || state === 'cancelled';
}
