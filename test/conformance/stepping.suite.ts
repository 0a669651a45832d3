import { expect } from 'vitest';
import type { NewSignal, StepLease, Stepping, StepRecord } from '../../lib/engine/port/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { completed, CONSUME, Deliveries, type Held, newTask, retryAt } from './harness.js';

/** What a store must do for durable steps, where it keeps any. */
export function describeStepping(it: CaseTest): void {
  /** A test of an engine that has the facet; of another there is nothing to say. */
  const onSteps = (name: string, test: (opened: EngineCase, stepping: Stepping) => Promise<void>): void =>
    it(name, async (opened) => {
      if (opened.engine.stepping) await test(opened, opened.engine.stepping);
    });

  onSteps('records steps under the lease of an attempt, and reads them in each later one', async (opened, stepping) => {
    const { engine, clock } = opened;
    const runs = new Deliveries();
    const task = newTask(clock);
    await engine.enqueueing.enqueue([task]);
    await engine.delivering.consume('default', CONSUME, runs.run);
    const first = await runs.next();
    const lease = leaseOf(first);
    expect((await stepping.read(lease, null)).steps).toEqual([]);
    expect(await stepping.record(lease, step('charge', 1, '{"id":7}'))).toBe(true);
    expect(await stepping.record(lease, step('ship', 2, 'null'))).toBe(true);
    // In the place of the one before.
    expect(await stepping.record(lease, step('ship', 3, '"done"'))).toBe(true);
    first.end(retryAt(clock.now()));
    const second = await runs.next();
    expect(second.delivery.task.traits).toMatchObject({ steps: true });
    const { steps, more } = await stepping.read(leaseOf(second), null);
    expect(steps.toSorted((a, b) => a.position - b.position)).toEqual([
      step('charge', 1, '{"id":7}'),
      step('ship', 3, '"done"'),
    ]);
    expect(more).toBe(false);
    // What is left of the first attempt records nothing.
    expect(await stepping.record(lease, step('late', 4, 'null'))).toBe(false);
    expect(await stepping.take(lease, waitFor('word', 4))).toBeNull();
    second.end(completed);
    await opened.becomes(task.id, 'completed');
    expect(await stepping.record(leaseOf(second), step('late', 4, 'null'))).toBe(false);
    expect(await stepping.list(task.id)).toMatchObject({
      total: 2,
      steps: [
        { name: 'charge', attempt: 1, result: { id: 7 } },
        { name: 'ship', attempt: 1, result: 'done' },
      ],
      signals: [],
    });
    expect(await stepping.list('none')).toBeNull();
  });

  onSteps('takes the earliest of the signals that are asked for, each once', async (opened, stepping) => {
    const { engine, clock } = opened;
    const runs = new Deliveries();
    const task = newTask(clock);
    await engine.enqueueing.enqueue([{ ...task, runAt: clock.now() + opened.unit }]);
    for (const [name, payload] of [
      ['b', 1],
      ['a', 2],
      ['a', 3],
      ['c', 4],
    ] as const) {
      expect(await stepping.signal(task.id, sent(name, payload))).toEqual({ done: true, state: 'scheduled' });
    }
    await opened.advance(opened.unit);
    await engine.delivering.consume('default', CONSUME, runs.run);
    const held = await runs.next();
    const take = async (position: number, ...names: string[]) =>
      (await stepping.take(leaseOf(held), waitForAny(names, position)))?.result;
    expect(await take(1, 'a', 'b')).toBe('1');
    expect(await take(2, 'a', 'b')).toBe('2');
    expect(await take(3, 'none')).toBeUndefined();
    expect(await take(4, 'a', 'b')).toBe('3');
    expect(await take(5, 'a', 'b')).toBeUndefined();
    expect((await stepping.list(task.id))!.signals).toMatchObject([{ name: 'c', payload: 4 }]);
    held.end(completed);
    await opened.becomes(task.id, 'completed');
    expect(await stepping.signal(task.id, sent('c', 5))).toEqual({ done: false, state: 'completed' });
    expect(await stepping.signal('none', sent('c', 5))).toEqual({ done: false, state: null });
  });

  onSteps('suspends a task, until a signal that it waits for comes, whoever sends it', async (opened, stepping) => {
    const { engine, clock } = opened;
    const other = await opened.open();
    const runs = new Deliveries();
    const task = newTask(clock);
    await engine.enqueueing.enqueue([task]);
    await engine.delivering.consume('default', CONSUME, runs.run);
    const held = await runs.next();
    held.end({ kind: 'suspended', waits: [waitFor('word', 1)], maxAttempts: 4 });
    await opened.becomes(task.id, 'suspended');
    expect(await engine.inspecting.get(task.id)).toMatchObject({
      attempt: 1,
      maxAttempts: 5,
      waitingFor: { waits: [{ kind: 'wait', name: 'word' }], total: 1 },
      attempts: [{ outcome: 'snoozed' }],
    });
    expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({ suspended: 1, scheduled: 0, retryable: 0 });
    const listed = await engine.inspecting.list({ state: 'suspended' }, { limit: 10 });
    expect(listed.items.map(({ id }) => id)).toEqual([task.id]);
    expect(await other.stepping!.signal(task.id, sent('another', 0))).toMatchObject({ done: true });
    expect(await opened.stateOf(task.id)).toBe('suspended');
    expect(await other.stepping!.signal(task.id, sent('word', 7))).toMatchObject({ done: true, state: 'suspended' });
    const again = await runs.next();
    expect(again.attempt).toBe(2);
    const { steps } = await stepping.read(leaseOf(again), null);
    const found = steps[0]!.finishedAt === null ? await stepping.take(leaseOf(again), steps[0]!) : steps[0]!;
    expect(found).toMatchObject({ name: 'word', result: '7', wait: { signal: 'word' } });
    again.end(completed);
    await opened.becomes(task.id, 'completed');
  });

  onSteps('does not suspend a task for what has come meanwhile', async (opened, stepping) => {
    const { engine, clock } = opened;
    const runs = new Deliveries();
    const [signalled, over] = [newTask(clock), newTask(clock)];
    await engine.enqueueing.enqueue([signalled, over]);
    await engine.delivering.consume('default', CONSUME, runs.run);
    const first = await runs.next();
    await stepping.signal(first.id, sent('word', 1));
    first.end({ kind: 'suspended', waits: [waitFor('word', 1)], maxAttempts: 4 });
    const ends: Held[] = [];
    for (let run = 0; run < 3; run += 1) {
      const held = await runs.next();
      ends.push(held);
      const waits = [{ ...waitFor('none', 1), wait: { until: clock.now() - 1 } }];
      if (held.id === over.id && held.attempt === 1) held.end({ kind: 'suspended', waits, maxAttempts: 4 });
      else held.end(completed);
    }
    expect(ends.map(({ id, attempt }) => `${id} ${attempt}`).toSorted()).toEqual(
      [`${signalled.id} 2`, `${over.id} 1`, `${over.id} 2`].toSorted(),
    );
    await opened.becomes(signalled.id, 'completed');
    await opened.becomes(over.id, 'completed');
  });

  onSteps('wakes a suspended task at its time', async (opened) => {
    const { engine, clock } = opened;
    const runs = new Deliveries();
    const task = newTask(clock);
    await engine.enqueueing.enqueue([task]);
    await engine.delivering.consume('default', CONSUME, runs.run);
    const held = await runs.next();
    const until = clock.now() + 4 * opened.unit;
    held.end({ kind: 'suspended', waits: [{ ...waitFor('nap', 1), wait: { until } }], maxAttempts: 4 });
    await opened.becomes(task.id, 'suspended');
    expect(await engine.inspecting.get(task.id)).toMatchObject({ runAt: until, waitingFor: { until } });
    await opened.advanceTo(until);
    const again = await runs.next();
    expect(again).toMatchObject({ id: task.id, attempt: 2 });
    expect(clock.now()).toBeGreaterThanOrEqual(until);
    again.end(completed);
    await opened.becomes(task.id, 'completed');
  });

  onSteps('forgets a step and those after it with a retry, and nothing where it has none', async (opened, stepping) => {
    const { engine, clock } = opened;
    const runs = new Deliveries();
    const task = newTask(clock);
    await engine.enqueueing.enqueue([task]);
    await engine.delivering.consume('default', CONSUME, runs.run);
    const held = await runs.next();
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      await stepping.record(leaseOf(held), step(name, index + 1, 'null'));
    }
    expect(await stepping.retryFrom(task.id, 'b')).toEqual({ done: false, state: 'running' });
    held.end(retryAt(clock.now() + 1_000 * opened.unit));
    await opened.becomes(task.id, 'retryable');
    expect(await stepping.retryFrom(task.id, 'd')).toEqual({ done: false, state: 'retryable' });
    expect(await stepping.retryFrom('none', 'b')).toEqual({ done: false, state: null });
    expect(await stepping.retryFrom(task.id, 'b')).toEqual({ done: true, state: 'retryable' });
    const again = await runs.next();
    expect((await stepping.read(leaseOf(again), null)).steps.map(({ name }) => name)).toEqual(['a']);
    again.end(completed);
    await opened.becomes(task.id, 'completed');
  });
}

function leaseOf({ delivery }: Held): StepLease {
  const { id, queue, attempt, worker } = delivery.task;
  return { id, queue, attempt, ...(worker !== undefined && { worker }) };
}

function step(name: string, position: number, result: string): StepRecord {
  return { kind: 'step', name, number: 0, position, result, sensitive: [], wait: null, startedAt: 1, finishedAt: 2 };
}

function waitForAny(signals: readonly string[], position: number): StepRecord {
  const open = { result: null, sensitive: [], startedAt: 1, finishedAt: null };
  return { kind: 'wait', name: signals.join('|'), number: 0, position, ...open, wait: { signals } };
}

function waitFor(name: string, position: number): StepRecord {
  return waitForAny([name], position);
}

function sent(name: string, payload: unknown): NewSignal {
  return { name, payload: JSON.stringify(payload), sensitive: [] };
}
