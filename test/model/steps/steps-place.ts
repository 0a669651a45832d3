import 'reflect-metadata';
import { isDeepStrictEqual } from 'node:util';
import Database from 'better-sqlite3';
import type { TaskContext } from '../../../lib/attempts/index.js';
import type { ManualClock } from '../../../lib/clock/index.js';
import type { AttemptOutcome, TaskSummary } from '../../../lib/contract/index.js';
import { sqliteEngine } from '../../../lib/engine/sqlite/index.js';
import { TaskHandler } from '../../../lib/nest/index.js';
import type { TaskDispatcher } from '../../../lib/queueing/index.js';
import { completed, CONSUME, contextWith } from '../../conformance/harness.js';
import { LEASE_MS, ModelApp, QUEUE, shown } from '../model-app.js';
import {
  ATTEMPTS,
  type Call,
  CALLED,
  CALLER,
  type Part,
  type Program,
  recordedAs,
  RETRY_DELAY_MS,
  SLEEP,
  type Step,
  type Wait,
} from './program.js';
import type { ModelTask, Recorded, StepsModel } from './steps-model.js';

/** How a step ends that the test holds. */
export type Ending = 'well' | 'badly';
const MINUTE_MS = 60_000;

interface Params {
  readonly program: Program;
  /** Of a task that another one calls: whose, and by which part of its program. */
  readonly of?: string;
}

/** What handlers do that have been called, and how long the steps go on that the test ends. */
interface Stage {
  /** By the id of the task and the number of its attempt. */
  readonly done: Map<string, string[]>;
  /** How often parts have run, by the id of the task and the path in its program. */
  readonly runs: Map<string, number>;
  /** How to end the steps that the test holds, by the same; of several attempts the last. */
  readonly gates: Map<string, (how: Ending) => void>;
}

let stage: Stage;

class Handlers {
  @TaskHandler(CALLER, { maxRetries: ATTEMPTS[CALLER]! - 1, retryDelay: RETRY_DELAY_MS, result: true })
  caller(params: Params, task: TaskContext): Promise<unknown> {
    return perform(params, task);
  }

  @TaskHandler(CALLED, { maxRetries: ATTEMPTS[CALLED]! - 1, retryDelay: RETRY_DELAY_MS, result: true })
  called(params: Params, task: TaskContext): Promise<unknown> {
    return perform(params, task);
  }
}

async function perform({ program }: Params, task: TaskContext): Promise<unknown> {
  const { runs } = stage;
  const done: string[] = [];
  stage.done.set(`${task.id} ${task.attempt}`, done);
  const results: unknown[] = [];
  for (const [index, part] of program.entries()) {
    const given = await take(part, String(index));
    done.push(`${index} gives ${JSON.stringify(given)}`);
    results.push(given);
  }
  return results;

  async function take(part: Part, path: string): Promise<unknown[]> {
    switch (part.do) {
      case 'throw':
        if ((runs.get(`${task.id} ${path}`) ?? 0) === part.times) return [];
        run(path);
        throw new Error('on purpose');
      case 'save': {
        const before: unknown = task.saved ?? null;
        await task.save({ path });
        return [before];
      }
      case 'all': {
        const parts = part.parts as ReadonlyArray<Step | Wait | Call>;
        return Promise.all(parts.map((each, index) => one(each, `${path}.${index}`, { key: String(index) })));
      }
      default:
        return [await one(part, path, {})];
    }
  }

  async function one(part: Step | Wait | Call, path: string, options: { readonly key?: string }): Promise<unknown> {
    const { name } = recordedAs(part, null);
    switch (part.do) {
      case 'step':
        return task.step(name, options, ({ key, signal }) => effect(part, path, key, signal));
      case 'wait':
        return wait(part, options);
      case 'call':
        return task.call(QUEUE, CALLED, { program: part.program, of: `${task.id}#${path}` }, options);
    }
  }

  async function wait({ names, minutes }: Wait, options: object): Promise<unknown> {
    const timeout = minutes === null ? {} : { timeout: minutes * MINUTE_MS };
    const [first, second] = names;
    if (first === undefined) return (await task.sleep(SLEEP, minutes! * MINUTE_MS, options), null);
    if (second === undefined) {
      const payload = await task.waitFor(first, { ...options, ...timeout });
      return payload === null ? null : [first, payload];
    }
    const found = await task.waitForAny(names, { ...options, ...timeout });
    return found[0] === null ? null : found;
  }

  async function effect({ fails, gated }: Step, path: string, key: string, signal: AbortSignal): Promise<unknown> {
    const count = run(path);
    done.push(`${path} runs as ${key.slice(task.id.length + 1)}`);
    const how = gated ? await gate(path, signal) : count <= fails ? 'badly' : 'well';
    if (how === 'badly') throw new Error('on purpose');
    return { run: count };
  }

  function gate(path: string, signal: AbortSignal): Promise<Ending> {
    return new Promise((resolve, reject) => {
      stage.gates.set(`${task.id} ${path}`, resolve);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      if (signal.aborted) reject(signal.reason as Error);
    });
  }

  function run(path: string): number {
    const count = (runs.get(`${task.id} ${path}`) ?? 0) + 1;
    runs.set(`${task.id} ${path}`, count);
    return count;
  }
}

/** An app whose handlers do what their params say. */
export class StepsPlace {
  /** Ids of those that were called, by whose they are, in the order in which they came to be. */
  private called = new Map<string, string[]>();

  private constructor(
    readonly app: ModelApp,
    private readonly model: StepsModel,
    private readonly clock: ManualClock,
  ) {}

  static async open(model: StepsModel, clock: ManualClock, patience: number): Promise<StepsPlace> {
    stage = { done: new Map(), runs: new Map(), gates: new Map() };
    return new StepsPlace(await ModelApp.open(Handlers, clock, patience), model, clock);
  }

  get tasks(): TaskDispatcher {
    return this.app.tasks;
  }

  /** Ends a step that the test holds. */
  release(task: ModelTask, path: string, how: Ending): void {
    stage.gates.get(`${this.idOf(task)} ${path}`)!(how);
  }

  /** Has the process be taken for dead: its tasks are given to others, and what their handlers go on to do counts for nothing. */
  async strikeOff(running: readonly ModelTask[]): Promise<void> {
    const gates = [...stage.gates];
    const { attempts } = await this.tasks.get(this.idOf(running[0]!));
    const connection = new Database(this.app.database);
    connection.prepare('DELETE FROM tasks_worker WHERE id = ?').run(attempts.at(-1)!.worker);
    connection.close();
    const options = {
      database: this.app.database,
      synchronous: 'normal',
      lease: LEASE_MS,
      maxLostAttempts: 1_000,
    } as const;
    const engine = sqliteEngine(options, contextWith(this.clock));
    await engine.open();
    const consumer = await engine.delivering.consume('nothing-comes-here', CONSUME, () => Promise.resolve(completed));
    await consumer.close(0);
    await engine.close();
    for (const [, end] of gates) end('well');
  }

  pass(milliseconds: number): void {
    this.clock.set(this.clock.now() + milliseconds);
  }

  idOf({ id, caller }: ModelTask): string {
    if (!caller) return id;
    const [of] = /^.*#[^#]*(?=#)/.exec(id)!;
    const siblings = this.model.tasks.filter((each) => each.id.startsWith(`${of}#`) && each.caller === caller);
    const real = `${this.idOf(caller)}${of.slice(of.lastIndexOf('#'))}`;
    return this.called.get(real)?.[siblings.findIndex((each) => each.id === id)] ?? `${id} (never called)`;
  }

  /** Settles once the store is as the model says; rejects with how it differs where it does not come to be so. */
  async rest(): Promise<void> {
    this.model.settle();
    await this.app.rest(() => this.difference());
  }

  private async difference(): Promise<string | null> {
    const items = await this.app.all();
    this.called = new Map();
    for (const { id, params } of items) {
      const { of } = params as Params;
      if (of !== undefined) this.called.set(of, [...(this.called.get(of) ?? []), id]);
    }
    const found = new Map(items.map((task): [string, TaskSummary] => [task.id, task]));
    const { tasks } = this.model;
    if (items.length !== tasks.length) return `There are ${items.length} tasks, not ${tasks.length}`;
    for (const task of tasks) {
      const id = this.idOf(task);
      const seen = found.get(id);
      const expected = { state: task.state, done: listed([...task.done.values()]) };
      const real = { state: seen?.state, done: listed(this.doneBy(id)) };
      if (!isDeepStrictEqual(real, expected)) return `${id} is ${shown(real)}, and should be ${shown(expected)}`;
    }
    for (const task of tasks) {
      const differs = await this.differenceIn(task, this.idOf(task));
      if (differs !== null) return differs;
    }
    return null;
  }

  private async differenceIn(task: ModelTask, id: string): Promise<string | null> {
    const { steps, signals } = await this.tasks.steps(id);
    const { attempts } = await this.tasks.get(id);
    const real = {
      runs: Object.fromEntries([...task.runs.keys()].map((path) => [path, stage.runs.get(`${id} ${path}`)])),
      ends: attempts.flatMap(({ outcome }) => (outcome === null || outcome === 'snoozed' ? [] : [counted(outcome)])),
      steps: steps
        .map(({ kind, name, number, finishedAt, result, wait }) => {
          const given = kind === 'wait' && result !== null ? [wait?.signal, result] : result;
          return recordText({ kind, name, number, until: wait?.until }, finishedAt === null ? undefined : given);
        })
        .toSorted(),
      signals: signals.map(({ name, payload }) => [name, payload]),
    };
    const expected = {
      runs: Object.fromEntries(task.runs),
      ends: task.ends,
      steps: [...task.records.values()].map(({ result, ...record }) => recordText(record, result)).toSorted(),
      signals: task.signals.map(({ name, payload }) => [name, payload]),
    };
    if (!isDeepStrictEqual(real, expected)) return `Of ${id} is on record ${shown(real)}, not ${shown(expected)}`;
    if (task.state !== 'completed') return null;
    const given = await this.tasks.result(id);
    return isDeepStrictEqual(given, task.result) ? null : `${id} gave ${shown(given)}, not ${shown(task.result)}`;
  }

  private doneBy(id: string): Array<readonly string[]> {
    return [...stage.done].filter(([key]) => key.startsWith(`${id} `)).map(([, done]) => done);
  }
}

/** Whether a process finds first that it was taken for dead, or another one does, is open: neither counts. */
function counted(outcome: AttemptOutcome): AttemptOutcome {
  return outcome === 'lost' ? 'released' : outcome;
}

/**
 * What the last attempt has been given, and what was ever done. How often a task that waits for several things goes on in between
 * is open, and in which attempt a step then runs.
 */
function listed(attempts: ReadonlyArray<readonly string[]>): { last: string[]; ever: string[] } {
  const last = attempts.at(-1)?.filter((line) => line.includes(' gives ')) ?? [];
  return { last, ever: [...new Set(attempts.flat())].toSorted() };
}

/** Whether a call is noted as answered where its caller waits for something else, too, is open. */
function recordText(
  { kind, name, number, until }: Pick<Recorded, 'kind' | 'name' | 'number' | 'until'>,
  result: unknown,
): string {
  const place = `${kind} ${name} ${number}`;
  if (kind === 'call') return place;
  return `${place} ${result === undefined ? `waits until ${until}` : JSON.stringify(result)}`;
}
