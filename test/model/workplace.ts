import { isDeepStrictEqual } from 'node:util';
import type { ManualClock } from '../../lib/clock/index.js';
import type { TaskState } from '../../lib/contract/index.js';
import type { Consumer, Delivery, EngineContext, Outcome, TaskEngine } from '../../lib/engine/port/index.js';
import { completed, contextWith, type EngineSite } from '../conformance/harness.js';
import { Disagreement } from './disagreement.js';
import {
  KEPT_BY_ENGINE_MS,
  QUEUES,
  depthText,
  type ModelTask,
  type Queue,
  type SeenTask,
  type TaskModel,
} from './task-model.js';

/** A store for the model's engines, and what only the store's own means can do to it. */
export interface ModelSite extends EngineSite {
  /** Has the store take a worker for dead that lives on. Left out where an engine gives no way to. */
  strikeOff?(worker: string): void;
}

/** Longer than any run: closing waits for the handler, which the test ends. */
const GRACE_MS = 60_000;
const PROCESSES = 2;
const ONE_AT_ONCE = { concurrency: 1, priority: 0, rateLimit: null };

/** One worker of one queue: waits for a task, then holds it until the test says how its attempt ends. */
export interface Slot {
  readonly process: number;
  readonly queue: Queue;
  consumer: Consumer | null;
  delivery: Delivery | null;
  /** Its lease was taken away: whatever it reports must change nothing. */
  stale: boolean;
  /** Its handler has told how the attempt ended. */
  over: boolean;
  end(outcome: Outcome): void;
}

/** Two processes on one store, as the model knows them: real engines, workers that wait or hold a task. */
export class Workplace {
  readonly slots: Slot[] = [];
  /** Every task there ever was. */
  readonly ids: string[] = [];
  private readonly engines: TaskEngine[] = [];
  private readonly violations: string[] = [];
  private readonly keepers = new Map<TaskEngine, Consumer>();
  private readonly unwatch = new Map<TaskEngine, () => void>();
  private changed: () => void = () => undefined;

  private constructor(
    readonly site: ModelSite,
    readonly clock: ManualClock,
    private readonly patience: number,
  ) {}

  /** @param patience milliseconds in which what must happen has to: a miss is a failure, and nothing else waits for it */
  static async open(site: ModelSite, clock: ManualClock, patience: number): Promise<Workplace> {
    const workplace = new Workplace(site, clock, patience);
    for (let process = 0; process < PROCESSES; process += 1) workplace.engines.push(await workplace.boot());
    return workplace;
  }

  engine(process: number): TaskEngine {
    return this.engines[process % PROCESSES]!;
  }

  /** A worker for one task of `queue`. */
  async startWorker(process: number, queue: Queue): Promise<void> {
    let resolve!: (outcome: Outcome) => void;
    const ended = new Promise<Outcome>((resolver) => (resolve = resolver));
    const end = (outcome: Outcome) => {
      slot.over = true;
      resolve(outcome);
    };
    const slot: Slot = {
      process: process % PROCESSES,
      queue,
      consumer: null,
      delivery: null,
      stale: false,
      over: false,
      end,
    };
    this.slots.push(slot);
    slot.consumer = await this.engine(process).delivering.consume(queue, ONE_AT_ONCE, (delivery) => {
      this.arrive(slot, delivery);
      return ended;
    });
  }

  /** The worker that holds `id`: neither lost nor ended. */
  holder(id: string): Slot | undefined {
    return this.slots.find((slot) => slot.delivery?.task.id === id && !slot.stale && !slot.over);
  }

  /** Ends an attempt as its handler would, and takes its worker away: one that stays may claim ahead. */
  async end(slot: Slot, outcome: Outcome): Promise<void> {
    const closed = slot.consumer!.close(GRACE_MS);
    slot.end(outcome);
    await closed;
    this.slots.splice(this.slots.indexOf(slot), 1);
  }

  /** Shuts a worker down that waits, or that holds a task whose handler heeds its signal. */
  async shutDown(slot: Slot): Promise<void> {
    // A signal that was aborted before does not fire again.
    if (slot.delivery?.aborted) slot.end({ kind: 'released', maxAttempts: 1 });
    await slot.consumer!.close(0);
    this.slots.splice(this.slots.indexOf(slot), 1);
  }

  /** Runs all that is available in `queue` with handlers that end at once; returns the ids in the order they began. */
  async drain(process: number, queue: Queue, expected: number, concurrency: number): Promise<string[]> {
    const began: string[] = [];
    const consumer = await this.engine(process).delivering.consume(
      queue,
      { concurrency, priority: 0, rateLimit: null },
      (it) => {
        began.push(it.task.id);
        this.changed();
        return Promise.resolve(completed);
      },
    );
    await this.wait(async () =>
      began.length >= expected ? null : `${began.length} of ${expected} tasks were delivered`,
    );
    await consumer.close(GRACE_MS);
    return began;
  }

  /** Has `slot`'s process taken for dead: a new process finds it so. Returns the ids of the tasks it loses. */
  async strikeOff(slot: Slot): Promise<string[]> {
    const workerOf = async (id: string) => (await this.engine(0).inspecting.get(id))!.attempts.at(-1)!.worker;
    const worker = await workerOf(slot.delivery!.task.id);
    const lost: string[] = [];
    for (const held of this.slots) {
      if (!held.delivery || held.stale || (await workerOf(held.delivery.task.id)) !== worker) continue;
      held.stale = true;
      lost.push(held.delivery.task.id);
    }
    this.site.strikeOff!(worker);
    await this.close(await this.boot());
    return lost;
  }

  /** Settles once the process of `slot`, which was struck off, has told the handlers that lost their lease. */
  async noticed({ process }: Slot): Promise<void> {
    const stale = this.slots.filter((slot) => slot.process === process && slot.stale);
    await this.wait(async () =>
      stale.every((slot) => slot.delivery!.aborted) ? null : 'a handler was not told that its lease is lost',
    );
  }

  async restart(process: number): Promise<void> {
    const engine = this.engine(process);
    await this.close(engine);
    this.engines[process % PROCESSES] = await this.boot();
  }

  /** Ends everything; what was done against the rules until the very end is told. */
  async leave(model: TaskModel): Promise<void> {
    for (const slot of [...this.slots].sort((left, right) => Number(!!left.delivery) - Number(!!right.delivery))) {
      const task = slot.delivery && !slot.stale ? model.tasks.get(slot.delivery.task.id) : undefined;
      if (task) model.end(task, { kind: 'released', maxAttempts: 1 });
      else if (!slot.delivery) model.waiting[slot.queue] -= 1;
      await this.shutDown(slot);
      model.settle();
    }
    // Every claim that was under way is over.
    await this.agree(model);
  }

  async remove(): Promise<void> {
    for (const slot of this.slots.slice()) await this.shutDown(slot);
    for (const engine of this.engines) await this.close(engine);
    await this.site.remove?.();
  }

  /** Settles once all that can be seen of the store is what the model says; rejects with the difference. */
  async agree(model: TaskModel): Promise<void> {
    await this.wait(async () => {
      if (this.violations.length > 0) throw new Disagreement(this.violations.join('\n'));
      const expected = this.expected(model);
      const actual = await this.actual();
      return isDeepStrictEqual(actual, expected) ? null : difference(actual, expected);
    });
    for (const task of model.running()) {
      const { excusedAttempts } = this.holder(task.id)!.delivery!.task;
      if (excusedAttempts !== task.excused)
        throw new Disagreement(`${task.id}: ${excusedAttempts} attempts are excused, expected ${task.excused}`);
    }
  }

  private expected(model: TaskModel): Record<string, unknown> {
    const tasks = this.ids.map((id) => [id, model.seen(id)] as const);
    const held = model.running().map(({ id, attempt }) => `${id} #${attempt}`);
    const aborted = model
      .running()
      .filter((task: ModelTask) => task.cancelRequested)
      .map(({ id }) => id);
    const awaited = tasks.flatMap(([, seen]) => (seen ? awaitedText(seen) : []));
    const all = { queues: model.depths(), held: held.sort(), aborted: aborted.sort(), awaited };
    return { ...Object.fromEntries(tasks), ...all };
  }

  private async actual(): Promise<Record<string, unknown>> {
    const engine = this.engine(0);
    const tasks: Record<string, unknown> = {};
    const awaited = await this.awaited(engine);
    for (const id of this.ids) {
      const task = await engine.inspecting.get(id);
      tasks[id] = task && {
        state: task.state,
        attempt: task.attempt,
        attempts: task.attempts.map(({ attempt, outcome }) => [attempt, outcome]),
        ...(task.reason && { reason: task.reason }),
        ...('result' in task && { result: JSON.stringify(task.result) }),
      };
    }
    const depths = new Map((await engine.inspecting.queues()).map((depth) => [depth.queue, depth]));
    const queues = QUEUES.map((queue) => {
      const depth = depths.get(queue);
      const counts = new Map(Object.entries(depth?.counts ?? {}) as [TaskState, number][]);
      return depthText(queue, counts, depth?.paused ?? false);
    });
    const live = this.slots.filter((slot) => slot.delivery && !slot.stale && !slot.over).map((slot) => slot.delivery!);
    const held = live.map(({ task }) => `${task.id} #${task.attempt}`).sort();
    const aborted = live.filter(({ aborted: reason }) => reason !== null).map(({ task }) => task.id);
    return { ...tasks, queues, held, aborted: aborted.sort(), awaited };
  }

  /** What those would be told who wait for tasks. */
  private async awaited(engine: TaskEngine): Promise<string[]> {
    const texts: string[] = [];
    for (let from = 0; from < this.ids.length;) {
      const { tasks, looked } = await engine.inspecting.awaited(this.ids.slice(from));
      for (const { state, reason, result, error } of tasks) {
        if (reason === 'deadline' && error?.name !== 'DeadlineError') texts.push(`no error of the deadline`);
        texts.push(awaitedText({ state, ...(reason && { reason }), ...(result !== null && { result }) }));
      }
      from += looked;
    }
    return texts;
  }

  private arrive(slot: Slot, delivery: Delivery): void {
    const { id } = delivery.task;
    if (this.holder(id)) this.violations.push(`${id} has two live owners`);
    if (slot.delivery) this.violations.push(`a worker for one task was given ${id} as well`);
    slot.delivery = delivery;
    delivery.onAbort = ({ reason }) => {
      // Heeds a shutdown alone: what a cancelled or dispossessed handler goes on to do is the test's to say.
      if (reason === 'shutdown') slot.end({ kind: 'released', maxAttempts: 1 });
      this.changed();
    };
    this.changed();
  }

  /** Looks after every change until `problem` finds none. */
  private async wait(problem: () => Promise<string | null>): Promise<void> {
    let late!: () => void;
    const tooLate = new Promise<'late'>((resolve) => (late = () => resolve('late')));
    const timer = setTimeout(late, this.patience);
    try {
      for (;;) {
        const change = new Promise<void>((resolve) => (this.changed = resolve));
        const found = await problem();
        if (found === null) return;
        if ((await Promise.race([change, tooLate])) === 'late') throw new Disagreement(found);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private async boot(): Promise<TaskEngine> {
    const overrides: Partial<EngineContext> = { keepFor: () => KEPT_BY_ENGINE_MS };
    const engine = this.site.engine(contextWith(this.clock, overrides));
    await engine.open();
    this.unwatch.set(
      engine,
      engine.watching.watch(() => this.changed()),
    );
    // A process has its duties (promotion, retention, rescue) while it has a consumer.
    const consumer = await engine.delivering.consume('nothing-comes-here', ONE_AT_ONCE, () =>
      Promise.resolve(completed),
    );
    this.keepers.set(engine, consumer);
    return engine;
  }

  private async close(engine: TaskEngine): Promise<void> {
    this.unwatch.get(engine)?.();
    await this.keepers.get(engine)?.close(0);
    await engine.close();
  }
}

function awaitedText({ state, reason, result }: Pick<SeenTask, 'state' | 'reason' | 'result'>): string {
  return [state, reason, result].join(' ').trim();
}

function difference(actual: Record<string, unknown>, expected: Record<string, unknown>): string {
  return Object.keys(expected)
    .filter((key) => !isDeepStrictEqual(actual[key], expected[key]))
    .map((key) => `${key}: the engine says ${JSON.stringify(actual[key])}, the model ${JSON.stringify(expected[key])}`)
    .join('\n');
}
