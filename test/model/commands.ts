import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import type { ActionResult, TaskAction } from '../../lib/contract/index.js';
import type { NewTask, Outcome, TaskResult } from '../../lib/engine/port/index.js';
import { MINUTE, newTask } from '../conformance/harness.js';
import { QUEUES, type ModelTask, type TaskModel } from './task-model.js';
import { Disagreement } from './disagreement.js';
import type { Slot, Workplace } from './workplace.js';

type Command = fc.AsyncCommand<TaskModel, Workplace>;

/** One event. `can` says whether it may happen now; after it, the store has to agree with the model. */
class Step implements Command {
  constructor(
    private readonly text: string,
    private readonly can: (model: TaskModel) => boolean,
    private readonly happen: (model: TaskModel, real: Workplace) => Promise<void>,
  ) {}

  check(model: Readonly<TaskModel>): boolean {
    return this.can(model as TaskModel);
  }

  async run(model: TaskModel, real: Workplace): Promise<void> {
    await this.happen(model, real);
    model.settle();
    await real.agree(model);
  }

  toString(): string {
    return this.text;
  }
}

/** What a handler returned, and for how long it keeps it. */
interface Result {
  readonly value: unknown;
  readonly keepMinutes: number | null;
}

type OutcomeShape =
  | {
      readonly kind: 'completed' | 'failed' | 'cancelled';
      readonly keepMinutes: number | null;
      readonly result?: Result;
    }
  | { readonly kind: 'retry'; readonly inMinutes: number; readonly countsAttempt: boolean }
  | { readonly kind: 'released' };

const process = fc.nat({ max: 1 });
const queue = fc.constantFrom(...QUEUES);
/** Which of those that there are; taken modulo their number. */
const which = fc.nat({ max: 20 });
const minutes = fc.integer({ min: 1, max: 15 });

const outcome: fc.Arbitrary<OutcomeShape> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const),
    keepMinutes: fc.option(minutes),
  }),
  fc.record({
    kind: fc.constant('completed' as const),
    keepMinutes: fc.option(minutes),
    result: fc.record({ value: fc.constantFrom(null, 0, { url: 'x' }, 'é😀\0'), keepMinutes: fc.option(minutes) }),
  }),
  fc.record({
    kind: fc.constant('retry' as const),
    inMinutes: fc.integer({ min: -1, max: 10 }),
    countsAttempt: fc.boolean(),
  }),
  fc.constant({ kind: 'released' as const }),
);

function outcomeAt(now: number, shape: OutcomeShape): Outcome {
  const error = { name: 'Error', message: 'broken' };
  switch (shape.kind) {
    case 'released':
      return { kind: 'released', maxAttempts: 4 };
    case 'retry':
      return {
        kind: 'retry',
        maxAttempts: 4,
        at: now + shape.inMinutes * MINUTE,
        countsAttempt: shape.countsAttempt,
        error,
      };
    default: {
      const keepFor = shape.keepMinutes === null ? null : shape.keepMinutes * MINUTE;
      return shape.kind === 'completed'
        ? { kind: 'completed', maxAttempts: 4, keepFor, ...(shape.result && { result: resultOf(shape.result) }) }
        : { kind: shape.kind, maxAttempts: 4, keepFor, error };
    }
  }
}

function resultOf({ value, keepMinutes }: Result): TaskResult {
  const keepFor = keepMinutes === null ? null : keepMinutes * MINUTE;
  return { json: JSON.stringify(value), sensitive: [], keepFor };
}

/** Minutes after the time at which a task may start. Half ones: nothing else comes at them. */
const span = fc.record({ expires: fc.option(minutes), deadline: fc.option(minutes) });

function spanOf({ expires, deadline }: { expires: number | null; deadline: number | null }, from: number) {
  const startBy = expires === null ? null : from + (expires - 0.5) * MINUTE;
  const deadlineAt = deadline === null ? null : from + (deadline - 0.5) * MINUTE;
  return { startBy, deadlineAt };
}

function traitsOf({ startBy, deadlineAt }: ReturnType<typeof spanOf>): Pick<NewTask, 'traits'> {
  if (startBy === null && deadlineAt === null) return {};
  return { traits: { ...(startBy !== null && { startBy }), ...(deadlineAt !== null && { deadlineAt }) } };
}

const enqueue = fc
  .tuple(
    process,
    fc.array(
      fc.record({
        queue,
        priority: fc.integer({ min: -1, max: 1 }),
        inMinutes: fc.option(minutes),
        ownId: fc.boolean(),
        span: fc.option(span),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(
    ([by, rows]) =>
      new Step(
        `enqueue(process ${by}, ${JSON.stringify(rows)})`,
        () => true,
        async (model, real) => {
          const tasks = rows.map((row) => ({
            ...spanOf(row.span ?? { expires: null, deadline: null }, model.now + (row.inMinutes ?? 0) * MINUTE),
            id: row.ownId ? `own:${uuidv7()}/%é😀` : newTask(real.clock).id,
            mayExist: row.ownId,
            queue: row.queue,
            priority: row.priority,
            runAt: model.now + (row.inMinutes ?? 0) * MINUTE,
          }));
          await real
            .engine(by)
            .enqueueing.enqueue(
              tasks.map(({ startBy, deadlineAt, ...task }) =>
                newTask(real.clock, { ...task, ...traitsOf({ startBy, deadlineAt }) }),
              ),
            );
          // Stored when the promise resolves: the other process sees it at once.
          for (const { id } of tasks) {
            if (!(await real.engine(by + 1).inspecting.get(id)))
              throw new Disagreement(`${id} was acknowledged and is not stored`);
          }
          real.ids.push(...tasks.map(({ id }) => id));
          model.enqueue(tasks);
        },
      ),
  );

/** By whoever does not know whether the first time was lost. */
const enqueueAgain = fc.tuple(process, which, fc.integer({ min: -1, max: 1 }), minutes).map(
  ([by, index, priority, inMinutes]) =>
    new Step(
      `enqueueAgain(process ${by}, task ${index}, priority ${priority}, in ${inMinutes} minutes)`,
      (model) => model.tasks.size > 0,
      async (model, real) => {
        const { id, queue: of } = pick([...model.tasks.values()], index);
        const runAt = model.now + inMinutes * MINUTE;
        const again = newTask(real.clock, { id, queue: of, priority, runAt, mayExist: true });
        const answers = await real.engine(by).enqueueing.enqueue([again]);
        if (!isDeepStrictEqual(answers, ['existing']))
          throw new Disagreement(`${id} is there and was answered as ${JSON.stringify(answers)}`);
      },
    ),
);

const startWorker = fc.tuple(process, queue).map(
  ([by, of]) =>
    new Step(
      `startWorker(process ${by}, ${of})`,
      () => true,
      async (model, real) => {
        model.waiting[of] += 1;
        await real.startWorker(by, of);
      },
    ),
);

const endAttempt = fc.tuple(which, outcome).map(
  ([index, shape]) =>
    new Step(
      `endAttempt(${index}, ${JSON.stringify(shape)})`,
      (model) => model.running().length > 0,
      async (model, real) => {
        const task = pick(model.running(), index);
        if (shape.kind !== 'completed' && model.isContested(task)) return;
        const how = outcomeAt(model.now, shape);
        await real.end(real.holder(task.id)!, how);
        model.end(task, how);
      },
    ),
);

const endStaleAttempt = fc.tuple(which, outcome).map(
  ([index, shape]) =>
    new Step(
      `endStaleAttempt(${index}, ${JSON.stringify(shape)})`,
      () => true,
      async (model, real) => {
        const stale = real.slots.filter((slot) => slot.stale);
        if (stale.length > 0) await real.end(pick(stale, index), outcomeAt(model.now, shape));
      },
    ),
);

const strikeOff = fc.tuple(which, fc.boolean()).map(
  ([index, told]) =>
    new Step(
      `strikeOff(${index}${told ? ', and is told' : ''})`,
      (model) => model.running().length > 0,
      async (model, real) => {
        if (!real.site.strikeOff || model.running().some((task) => model.isContested(task))) return;
        const victim = real.holder(pick(model.running(), index).id)!;
        const lost = await real.strikeOff(victim);
        if (told) await real.noticed(victim);
        for (const id of lost) model.lose(model.tasks.get(id)!);
      },
    ),
);

const shutDownWorker = which.map(
  (index) =>
    new Step(
      `shutDownWorker(${index})`,
      () => true,
      async (model, real) => {
        if (model.running().some((task) => model.isContested(task))) return;
        if (real.slots.length > 0) await shutDown(model, real, pick(real.slots, index));
      },
    ),
);

const restart = process.map(
  (number) =>
    new Step(
      `restart(process ${number})`,
      () => true,
      async (model, real) => {
        if (model.running().some((task) => model.isContested(task))) return;
        // Those that wait go first: what the others hand back is not for them.
        for (const holding of [false, true]) {
          const slots = real.slots.filter((slot) => slot.process === number && (slot.delivery !== null) === holding);
          for (const slot of slots) await shutDown(model, real, slot);
        }
        await real.restart(number);
      },
    ),
);

async function shutDown(model: TaskModel, real: Workplace, slot: Slot): Promise<void> {
  const held = slot.delivery && !slot.stale ? model.tasks.get(slot.delivery.task.id)! : null;
  if (!slot.delivery) model.waiting[slot.queue] -= 1;
  await real.shutDown(slot);
  if (held) model.end(held, { kind: 'released', maxAttempts: 4 });
  model.settle();
  await real.agree(model);
}

const drain = fc.tuple(process, queue, fc.integer({ min: 1, max: 3 })).map(
  ([by, of, concurrency]) =>
    new Step(
      `drain(process ${by}, ${of}, ${concurrency} at once)`,
      (model) => !model.paused.has(of) && model.line(of).length > 0,
      async (model, real) => {
        const line = model.line(of);
        const began = await real.drain(by, of, line.length, concurrency);
        const expected = line.map(({ id }) => id);
        // Of tasks that are fetched one after the other and run side by side, a later one may begin first.
        const exact = concurrency === 1 || real.engine(by).capabilities.queueOrder === 'created';
        if (!isDeepStrictEqual(exact ? began : began.toSorted(), exact ? expected : expected.toSorted()))
          throw new Disagreement(`Run in the order ${began.join(', ')}; expected ${expected.join(', ')}`);
        for (const task of line) {
          model.claim(task);
          model.end(task, { kind: 'completed', maxAttempts: 4, keepFor: null });
        }
      },
    ),
);

const action = fc.constantFrom<TaskAction>('cancel', 'retry', 'run-now', 'delete');

const actOnOne = fc.tuple(process, action, which).map(
  ([by, what, index]) =>
    new Step(
      `act(process ${by}, ${what}, task ${index})`,
      (model) => model.tasks.size > 0,
      async (model, real) => {
        // Of all there ever were: those that are gone are refused too.
        const id = pick(real.ids, index);
        const before = model.tasks.get(id)?.state ?? null;
        const result = await real.engine(by).acting.act(what, { ids: [id] });
        const expected: ActionResult = model.act(what, id)
          ? { changed: 1, refused: [] }
          : { changed: 0, refused: [{ id, state: before }] };
        assertEqual(result, expected);
      },
    ),
);

/** Rare among actions on any task, and the one that brings an ended task back. */
const retryEnded = fc.tuple(process, which).map(
  ([by, index]) =>
    new Step(
      `retryEnded(process ${by}, task ${index})`,
      (model) => retriable(model).length > 0,
      async (model, real) => {
        const { id } = pick(retriable(model), index);
        assertEqual(await real.engine(by).acting.act('retry', { ids: [id] }), { changed: 1, refused: [] });
        model.act('retry', id);
      },
    ),
);

function retriable(model: TaskModel): ModelTask[] {
  return [...model.tasks.values()].filter(({ state }) => state === 'failed' || state === 'cancelled');
}

const actOnQueue = fc.tuple(process, action, queue).map(
  ([by, what, of]) =>
    new Step(
      `act(process ${by}, ${what}, all of ${of})`,
      (model) => model.tasks.size > 0,
      async (model, real) => {
        const ids = [...model.tasks.values()].filter((task) => task.queue === of).map(({ id }) => id);
        // In which order do they become available? That is nobody's to say.
        const isOpen =
          real.engine(by).capabilities.queueOrder === 'available' && (what === 'retry' || what === 'run-now');
        if (isOpen && ids.length > 1) return;
        const result = await real.engine(by).acting.act(what, { filter: { queue: of } });
        const changed = ids.filter((id) => model.act(what, id)).length;
        assertEqual(result, { changed, refused: [] });
      },
    ),
);

const pause = fc.tuple(process, queue).map(
  ([by, of]) =>
    new Step(
      `pause(process ${by}, ${of})`,
      () => true,
      async (model, real) => {
        await real.engine(by).acting.pauseQueue(of);
        model.paused.add(of);
      },
    ),
);

const resume = fc.tuple(process, queue).map(
  ([by, of]) =>
    new Step(
      `resume(process ${by}, ${of})`,
      (model) => model.paused.has(of),
      async (model, real) => {
        await real.engine(by).acting.resumeQueue(of);
        model.paused.delete(of);
      },
    ),
);

const moveClock = fc.integer({ min: -20, max: 40 }).map(
  (by) =>
    new Step(
      `moveClock(${by} minutes)`,
      () => true,
      async (model, real) => {
        const target = model.now + by * MINUTE;
        // A jump over several due times promotes them in any order, so workers that wait are led from one to the next.
        // What lapses on the way is kept from then on, by a clock that is stopped there.
        const led = model.waiting.mail + model.waiting.reports > 0 || model.lapseTimes(target).length > 0;
        for (const time of [...(led ? model.dueTimes(target) : []), target]) {
          if (by > 0 && time < model.now) continue;
          real.clock.set(time);
          model.now = time;
          model.settle();
          await real.agree(model);
        }
      },
    ),
);

/** Every event, the frequent ones more often. */
export function commands(clock: 'injected' | 'system'): fc.Arbitrary<Iterable<Command>> {
  const tasks = [
    enqueue,
    enqueue,
    enqueue,
    enqueueAgain,
    startWorker,
    startWorker,
    startWorker,
    endAttempt,
    endAttempt,
    endAttempt,
  ];
  const workers = [strikeOff, strikeOff, endStaleAttempt, endStaleAttempt, shutDownWorker, restart, drain];
  const people = [actOnOne, actOnOne, actOnOne, retryEnded, retryEnded, actOnQueue, pause, resume];
  const time = clock === 'injected' ? [moveClock, moveClock] : [];
  const events: fc.Arbitrary<Command>[] = [...tasks, ...workers, ...people, ...time];
  return fc.commands(events, { maxCommands: 50, size: 'max' });
}

function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length]!;
}

function assertEqual(actual: ActionResult, expected: ActionResult): void {
  if (!isDeepStrictEqual({ ...actual, refused: [...actual.refused] }, expected))
    throw new Disagreement(`The action told ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}
