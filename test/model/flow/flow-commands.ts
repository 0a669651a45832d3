import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { DuplicateTaskError, type TaskAction, type UniqueClaim } from '../../../lib/contract/index.js';
import type { EnqueueAnswer, FlowChange, Outcome } from '../../../lib/engine/port/index.js';
import { MINUTE, newTask, retryAt } from '../../conformance/harness.js';
import { Disagreement } from '../disagreement.js';
import type { FlowModel, ModelTask } from './flow-model.js';
import type { FlowPlace } from './flow-place.js';
import type { FlowRules } from './flow-rules.js';
import { FLOW_QUEUES, IMPORTS, KEYS, MAIL, NAMES, SELECTORS, SHARED_LIMIT, SPAN_MS } from './flow-setup.js';

export type FlowCommand = fc.AsyncCommand<FlowModel, FlowPlace>;

/** One event, after which the store has to come to rest by the rules. */
class Step implements FlowCommand {
  constructor(
    private readonly text: string,
    private readonly happen: (model: FlowModel, real: FlowPlace) => Promise<void>,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: FlowModel, real: FlowPlace): Promise<void> {
    await this.happen(model, real);
    await real.rest();
  }

  toString(): string {
    return this.text;
  }
}

const process = fc.nat({ max: 1 });
const queue = fc.constantFrom(...FLOW_QUEUES);
/** Which of those that there are; taken modulo their number. */
const which = fc.nat({ max: 30 });
const minutes = fc.integer({ min: 1, max: 6 });

const claim: fc.Arbitrary<UniqueClaim> = fc
  .record({
    key: fc.constantFrom('one', 'two'),
    until: fc.constantFrom('started' as const, 'ended' as const, 'time' as const),
    length: fc.option(minutes),
    onConflict: fc.constantFrom('keep' as const, 'replace' as const, 'reject' as const),
  })
  .map(({ length, ...rest }) => {
    const hasTime = length !== null || rest.until === 'time';
    return { ...rest, ...(hasTime && { for: (length ?? 3) * MINUTE }) };
  });

const row = fc.record({
  queue,
  name: fc.constantFrom(...NAMES),
  key: fc.option(fc.constantFrom(...KEYS), { freq: 4 }),
  isTagged: fc.boolean(),
  priority: fc.integer({ min: 0, max: 2 }),
  inMinutes: fc.option(minutes),
  claim: fc.option(claim),
});

let rows = 0;

const enqueue = fc.tuple(process, fc.array(row, { minLength: 1, maxLength: 4 })).map(
  ([by, all]) =>
    new Step(`enqueue(process ${by}, ${JSON.stringify(all)})`, async (model, real) => {
      const tasks = all.map((each) => taskOf(each, model));
      const expected = answers(model, tasks);
      const found = await real
        .engine(by)
        .enqueueing.enqueue(tasks.map(({ stored }) => stored))
        .catch((error: unknown) => {
          if (error instanceof DuplicateTaskError) return error.holder;
          throw error;
        });
      if (!isDeepStrictEqual(found, expected))
        throw new Disagreement(`Answered ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    }),
);

type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;
type Enqueued = ReturnType<typeof taskOf>;

function taskOf({ queue: of, name, key: wanted, isTagged, priority, inMinutes, claim: asked }: Row, model: FlowModel) {
  // What a process has fetched ahead has begun, as far as a key goes: whether it had is not to be told then.
  const unique = asked && model.fetchesAhead && of === IMPORTS ? certain(asked) : asked;
  const key = of === IMPORTS ? wanted : null;
  const tags: Readonly<Record<string, string>> = isTagged ? { customer: '42' } : {};
  const params = JSON.stringify({ row: (rows += 1) });
  const stored = newTask(
    { now: () => model.now },
    {
      queue: of,
      name,
      params,
      priority,
      runAt: model.now + (inMinutes ?? 0) * MINUTE,
      traits: { ...(of === IMPORTS && { key: key ?? '' }), ...(isTagged && { tags }), ...(unique && { unique }) },
    },
  );
  const task: ModelTask = { id: stored.id, queue: of, name, key, tags, params, claim: unique };
  return { stored, task, state: inMinutes === null ? ('available' as const) : ('scheduled' as const) };
}

function certain({ until, onConflict, ...rest }: UniqueClaim): UniqueClaim {
  return {
    ...rest,
    until: until === 'started' ? 'ended' : until,
    onConflict: onConflict === 'replace' ? 'keep' : onConflict,
  };
}

const storedKey = ({ queue: of, name, claim: unique }: ModelTask): string => `${of} ${name} ${unique!.key}`;

/** What tasks are answered, which the model has from then on; the holder of a key that one of them is refused for. */
function answers(model: FlowModel, tasks: readonly Enqueued[]): readonly EnqueueAnswer[] | string {
  const { holders, now } = model;
  const own = new Map<string, string>();
  for (const { task } of tasks) {
    if (!task.claim) continue;
    const key = storedKey(task);
    const holder = own.get(key) ?? holders.holder(key, model.seen, now);
    if (holder !== null && task.claim.onConflict === 'reject') return holder;
    own.set(key, holder ?? task.id);
  }
  const seen = new Map<string, Pick<Enqueued['stored'], never> & { state: Enqueued['state']; attempt: number }>(
    model.seen as never,
  );
  return tasks.map(({ task, state }) => {
    const key = task.claim && storedKey(task);
    const holder = key === null ? null : holders.holder(key, seen, now);
    if (key !== null && holder !== null) {
      if (task.claim!.onConflict === 'replace' && holders.waits(key, seen)) {
        model.tasks.set(holder, { ...task, id: holder, claim: model.tasks.get(holder)!.claim });
      }
      return { holder };
    }
    model.tasks.set(task.id, task);
    seen.set(task.id, { state, attempt: 0 });
    if (key !== null) holders.take(key, task.id, task.claim!, 0, now);
    return 'stored';
  });
}

const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'completed' as const }) },
  fc.constant({ kind: 'failed' as const }),
  fc.constant({ kind: 'released' as const }),
  fc.record({ kind: fc.constant('retry' as const), inMinutes: fc.nat({ max: 3 }), countsAttempt: fc.boolean() }),
  fc.record({ kind: fc.constant('closes' as const), inMinutes: minutes, shared: fc.boolean() }),
);

const endAttempt = fc.tuple(which, outcome).map(
  ([index, shape]) =>
    new Step(`endAttempt(${index}, ${JSON.stringify(shape)})`, async (model, real) => {
      const handler = pick(real.live(), index);
      if (!handler) return;
      const error = { name: 'Error', message: 'broken' };
      let ends: Outcome;
      if (shape.kind === 'retry') ends = retryAt(model.now + shape.inMinutes * MINUTE, shape.countsAttempt);
      else if (shape.kind === 'closes') {
        const until = model.now + shape.inMinutes * MINUTE;
        const isShared = shape.shared && model.setup.sharedRate !== null;
        const closing = isShared ? SHARED_LIMIT : null;
        ends = { kind: 'retry', maxAttempts: 4, at: until, countsAttempt: false, error, closes: { limit: closing } };
        const target = isShared ? 'shared' : handler.queue;
        const latest = Math.max(until, model.rules.closed[target]?.until ?? 0);
        const closed = { ...model.rules.closed, [target]: { at: model.now, until: latest } };
        model.rules = { ...model.rules, closed };
      } else if (shape.kind === 'released') ends = { kind: 'released', maxAttempts: 4 };
      else ends = { kind: shape.kind, maxAttempts: 4, keepFor: null, error };
      real.end(handler, ends);
    }),
);

const consume = fc.tuple(process, queue).map(
  ([by, of]) =>
    new Step(`consume or stop(process ${by}, ${of})`, async (_model, real) => {
      if (real.isConsuming(by, of)) await real.stop(by, of);
      else await real.consume(by, of);
    }),
);

/** What is claimed in between is handed back. */
const flicker = fc.tuple(process, queue).map(
  ([by, of]) =>
    new Step(`consume and stop(process ${by}, ${of})`, async (_model, real) => {
      if (real.isConsuming(by, of)) return;
      await real.consume(by, of);
      await real.stop(by, of);
    }),
);

const strikeOff = which.map(
  (index) =>
    new Step(`strikeOff(${index})`, async (_model, real) => {
      const handler = pick(real.live(), index);
      if (handler) await real.strikeOff(handler);
    }),
);

const restart = process.map((by) => new Step(`restart(process ${by})`, async (_model, real) => real.restart(by)));

const action = fc.constantFrom<TaskAction>('cancel', 'retry', 'retry', 'run-now', 'delete');

const actOnOne = fc.tuple(process, action, which).map(
  ([by, what, index]) =>
    new Step(`act(process ${by}, ${what}, task ${index})`, async (model, real) => {
      const seen = pick([...model.seen.values()], index);
      if (!seen) return;
      const task = model.tasks.get(seen.id)!;
      const isRevived = what === 'retry' && (seen.state === 'failed' || seen.state === 'cancelled');
      const key = isRevived && task.claim ? storedKey(task) : null;
      const holder = key === null ? null : model.holders.holder(key, model.seen, model.now);
      const isRefused = holder !== null && holder !== seen.id;
      if (key !== null && !isRefused) model.holders.take(key, seen.id, task.claim!, seen.attempt, model.now);
      const { refused } = await real.engine(by).acting.act(what, { ids: [seen.id] });
      const expected = isRefused ? holder : undefined;
      if (isRevived && refused[0]?.holder !== expected)
        throw new Disagreement(`Refused for ${refused[0]?.holder}, expected ${expected}`);
    }),
);

const cancelAll = fc.tuple(process, queue).map(
  ([by, of]) =>
    new Step(`cancel all of ${of} (process ${by})`, async (_model, real) => {
      await real.engine(by).acting.act('cancel', { filter: { queue: of } });
    }),
);

const update = fc.tuple(process, which, fc.option(fc.nat({ max: 4 })), fc.nat({ max: 2 })).map(
  ([by, index, priority, inMinutes]) =>
    new Step(`update(process ${by}, task ${index}, ${priority ?? `in ${inMinutes} minutes`})`, async (model, real) => {
      const seen = pick([...model.seen.values()], index);
      const change = priority === null ? { runAt: model.now + inMinutes * MINUTE } : { priority };
      if (seen) await real.engine(by).acting.update!(seen.id, change);
    }),
);

const pause = fc.tuple(process, fc.constantFrom(...SELECTORS)).map(
  ([by, selector]) =>
    new Step(`pause or resume(process ${by}, ${JSON.stringify(selector)})`, async (model, real) => {
      const isPaused = model.rules.pauses.includes(selector);
      const others = model.rules.pauses.filter((each) => each !== selector);
      model.rules = { ...model.rules, pauses: isPaused ? others : [...others, selector] };
      await real.steer(by, selector, isPaused ? 'resume' : 'pause');
    }),
);

const setFlow = fc
  .tuple(
    process,
    fc.constantFrom('slots' as const, 'inAll' as const, 'keyRate' as const, 'mailRate' as const),
    fc.option(fc.integer({ min: 1, max: 3 })),
  )
  .map(
    ([by, what, value]) =>
      new Step(`setFlow(process ${by}, ${what}, ${value})`, async (model, real) => {
        const rules: FlowRules = { ...model.rules, [what]: value ?? model.setup[what] };
        // What runs ahead of its worker begins though there are fewer slots by then.
        if (model.fetchesAhead && (what === 'inAll' || rules.slots < model.rules.slots)) return;
        if (what === 'keyRate' && model.setup.keyRate === null) return;
        model.rules = rules;
        await real.engine(by).keying!.setFlow(what === 'mailRate' ? MAIL : IMPORTS, changeOf(what, value));
      }),
  );

function changeOf(what: 'slots' | 'inAll' | 'keyRate' | 'mailRate', value: number | null): FlowChange {
  const rate = value === null ? null : { max: value, per: SPAN_MS };
  switch (what) {
    case 'slots':
      return { keyConcurrency: value };
    case 'inAll':
      return { globalConcurrency: value };
    case 'keyRate':
      return { keyRateLimit: rate };
    case 'mailRate':
      return { rateLimit: rate };
  }
}

const moveClock = fc.integer({ min: -3, max: 5 }).map(
  (by) =>
    new Step(`moveClock(${by} minutes)`, async (_model, real) => {
      real.pass(by * MINUTE);
    }),
);

/** Every event, the frequent ones more often. */
export function flowCommands(): fc.Arbitrary<Iterable<FlowCommand>> {
  const tasks = [enqueue, enqueue, enqueue, enqueue, endAttempt, endAttempt, endAttempt, endAttempt];
  const workers = [consume, consume, flicker, strikeOff, restart];
  const people = [actOnOne, actOnOne, actOnOne, cancelAll, update, pause, pause, setFlow, setFlow];
  const time = [moveClock, moveClock, moveClock];
  const events: fc.Arbitrary<FlowCommand>[] = [...tasks, ...workers, ...people, ...time];
  return fc.commands(events, { maxCommands: 60, size: 'max' });
}

function pick<T>(list: readonly T[], index: number): T | undefined {
  return list[index % Math.max(1, list.length)];
}
