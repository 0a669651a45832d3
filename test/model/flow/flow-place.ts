import type { ManualClock } from '../../../lib/clock/index.js';
import type { PauseSelector, TaskSummary } from '../../../lib/contract/index.js';
import type { Consumer, Delivery, Outcome, TaskEngine } from '../../../lib/engine/port/index.js';
import { completed, CONSUME, contextWith } from '../../conformance/harness.js';
import { Disagreement } from '../disagreement.js';
import type { ModelSite } from '../workplace.js';
import type { FlowModel, SeenTasks } from './flow-model.js';
import {
  CHARGE,
  FLOW_QUEUES,
  flowOf,
  type FlowQueue,
  IMPORTS,
  MAIL,
  SHARED_LIMIT,
  SPAN_MS,
  WORKERS,
} from './flow-setup.js';

const PROCESSES = 2;
/** When the store is looked at again where nothing tells of a change: later each time, as what is late then is mostly missing. */
const LOOK_AFTER_MS = 20;
const LOOK_AT_LEAST_EVERY_MS = 200;
/** A limit may be looked at again so much later than it has a place, by the clock. */
const MAX_LATE_MS = 1_300;
const LATER_MS = 200;
const MAX_TASKS = 1_000;

/** A handler that was called, and goes on until the test ends it. */
export interface Handler {
  readonly id: string;
  readonly process: number;
  readonly queue: FlowQueue;
  /** Its lease was taken away. */
  stale: boolean;
  over: boolean;
  end(outcome: Outcome): void;
}

const CANCELLED: Outcome = { kind: 'cancelled', maxAttempts: null, keepFor: null };
const RELEASED: Outcome = { kind: 'released', maxAttempts: null };

/** Two processes on one store, whose workers hold each task until the test says how its attempt ends. */
export class FlowPlace {
  readonly handlers = new Set<Handler>();
  private readonly engines: TaskEngine[] = [];
  private readonly keepers = new Map<TaskEngine, Consumer>();
  private readonly consumers = new Map<string, Consumer>();
  private readonly violations: string[] = [];
  private changed: () => void = () => undefined;

  private constructor(
    readonly site: ModelSite,
    private readonly model: FlowModel,
    private readonly clock: ManualClock,
    private readonly patience: number,
  ) {}

  static async open(site: ModelSite, model: FlowModel, clock: ManualClock, patience: number): Promise<FlowPlace> {
    const place = new FlowPlace(site, model, clock, patience);
    for (let process = 0; process < PROCESSES; process += 1) place.engines.push(await place.boot());
    for (const queue of FLOW_QUEUES) await place.consume(0, queue);
    return place;
  }

  engine(process: number): TaskEngine {
    return this.engines[process % PROCESSES]!;
  }

  isConsuming(process: number, queue: FlowQueue): boolean {
    return this.consumers.has(`${process} ${queue}`);
  }

  async consume(process: number, queue: FlowQueue): Promise<void> {
    const { mailRate, sharedRate } = this.model.setup;
    const options = {
      concurrency: WORKERS,
      priority: 0,
      rateLimit: queue === MAIL ? { max: mailRate, per: SPAN_MS } : null,
      ...(sharedRate !== null && { limits: { [CHARGE]: { name: SHARED_LIMIT, max: sharedRate, per: SPAN_MS } } }),
    };
    const run = (delivery: Delivery): Promise<Outcome> => this.arrive(process, queue, delivery);
    this.consumers.set(`${process} ${queue}`, await this.engine(process).delivering.consume(queue, options, run));
  }

  /** What its handlers have begun is handed back. */
  async stop(process: number, queue: FlowQueue): Promise<void> {
    const consumer = this.consumers.get(`${process} ${queue}`);
    this.consumers.delete(`${process} ${queue}`);
    await consumer?.close(0);
  }

  live(): Handler[] {
    return [...this.handlers].filter(({ stale }) => !stale);
  }

  end(handler: Handler, outcome: Outcome): void {
    handler.end(outcome);
  }

  /** Has the process of a handler taken for dead: its tasks go to others, and what it says of them counts no more. */
  async strikeOff({ id, process }: Handler): Promise<void> {
    const worker = await this.workerOf(id);
    const lost: Handler[] = [];
    for (const handler of this.live()) {
      if (handler.process === process && (await this.workerOf(handler.id)) === worker) lost.push(handler);
    }
    for (const handler of lost) {
      handler.stale = true;
      this.model.running.delete(handler.id);
    }
    this.model.starts.foundDead(process, this.model.now);
    this.site.strikeOff!(worker);
    await this.close(await this.boot());
    for (const handler of lost) handler.end(completed);
  }

  async restart(process: number): Promise<void> {
    const queues = FLOW_QUEUES.filter((queue) => this.isConsuming(process, queue));
    for (const queue of queues) await this.stop(process, queue);
    await this.close(this.engine(process));
    this.engines[process] = await this.boot();
    for (const queue of queues) await this.consume(process, queue);
  }

  async steer(process: number, selector: PauseSelector, to: 'pause' | 'resume'): Promise<void> {
    const { acting, limiting } = this.engine(process);
    if (selector.queue === undefined || selector.key !== undefined) await limiting![to](selector);
    else await (to === 'pause' ? acting.pauseQueue(selector.queue) : acting.resumeQueue(selector.queue));
  }

  /** Settles once all has happened that has to; rejects with what has not, and with what must not have. */
  async rest(): Promise<void> {
    const { model } = this;
    const deadline = performance.now() + this.patience;
    let late = 0;
    let pause = LOOK_AFTER_MS;
    for (;;) {
      const change = new Promise<void>((resolve) => (this.changed = resolve));
      const seen = await this.seen();
      if (this.violations.length > 0) throw new Disagreement(this.violations.join('\n'));
      const pending = model.pending(seen, (queue) => this.free(queue));
      if (pending === null) return this.atRest(seen);
      if (performance.now() > deadline) throw new Disagreement(pending);
      if (await within(change, pause)) {
        pause = LOOK_AFTER_MS;
        continue;
      }
      pause = Math.min(2 * pause, LOOK_AT_LEAST_EVERY_MS);
      if (pending.startsWith('Idle') && late < MAX_LATE_MS) {
        late += LATER_MS;
        this.pass(LATER_MS);
      }
    }
  }

  pass(milliseconds: number): void {
    this.model.pass(milliseconds);
    this.clock.set(this.model.now);
  }

  async remove(): Promise<void> {
    for (const queue of FLOW_QUEUES)
      for (let process = 0; process < PROCESSES; process += 1) await this.stop(process, queue);
    for (const engine of this.engines) await this.close(engine);
    await this.site.remove?.();
  }

  async seen(): Promise<SeenTasks> {
    const { items } = await this.engine(0).inspecting.list({}, { limit: MAX_TASKS });
    return new Map(items.map((task): [string, TaskSummary] => [task.id, task]));
  }

  private async atRest(seen: SeenTasks): Promise<void> {
    const { model } = this;
    model.settle(seen);
    for (const [key, id] of model.holders.latest()) {
      const task = await this.engine(1).inspecting.get(id);
      const expected = model.holders.holder(key, seen, model.now);
      if (!task || task.keyHolder === expected || (task.keyHolder === null && model.holders.mayBeGone(key))) continue;
      throw new Disagreement(`${key} is held by ${task.keyHolder}, the engine says; the model: by ${expected}`);
    }
  }

  private free(queue: FlowQueue): number {
    let free = 0;
    for (let process = 0; process < PROCESSES; process += 1) {
      const busy = [...this.handlers].filter(
        (handler) => handler.process === process && handler.queue === queue,
      ).length;
      if (this.isConsuming(process, queue)) free += Math.max(0, WORKERS - busy);
    }
    return free;
  }

  private arrive(process: number, queue: FlowQueue, delivery: Delivery): Promise<Outcome> {
    const { id } = delivery.task;
    const wrong = this.model.begin(delivery.task, process);
    if (wrong) this.violations.push(wrong);
    this.changed();
    return new Promise((resolve) => {
      const end = (outcome: Outcome): void => {
        if (handler.over) return;
        handler.over = true;
        this.handlers.delete(handler);
        if (!handler.stale) this.model.running.delete(id);
        resolve(outcome);
        this.changed();
      };
      const handler: Handler = { id, process, queue, stale: false, over: false, end };
      this.handlers.add(handler);
      delivery.onAbort = ({ reason }) => end(reason === 'cancelled' ? CANCELLED : RELEASED);
    });
  }

  private async workerOf(id: string): Promise<string> {
    return (await this.engine(0).inspecting.get(id))!.attempts.at(-1)!.worker;
  }

  private async boot(): Promise<TaskEngine> {
    const flows = new Map([[IMPORTS, flowOf(this.model.setup)]]);
    const engine = this.site.engine(contextWith(this.clock, { keepFor: () => null, flows }));
    await engine.open();
    engine.watching.watch(() => this.changed());
    // A process has its duties (promotion, rescue) while it has a consumer.
    const nothing = () => Promise.resolve(completed);
    this.keepers.set(engine, await engine.delivering.consume('nothing-comes-here', CONSUME, nothing));
    return engine;
  }

  private async close(engine: TaskEngine): Promise<void> {
    await this.keepers.get(engine)?.close(0);
    await engine.close();
  }
}

/** Whether something came within so many milliseconds. */
async function within(coming: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer!: NodeJS.Timeout;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  const came = await Promise.race([coming.then(() => true), late]);
  clearTimeout(timer);
  return came;
}
