import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../clock/index.js';
import { InvalidArgumentError, StoreError } from '../../contract/index.js';
import type { TaskEngine } from '../port/index.js';
import { type Alarm, withDeadlines } from './deadlines.js';

const never = (): Promise<never> => new Promise(() => undefined);

let clock: ManualClock;
let ringing: Set<object>;
beforeEach(() => {
  clock = new ManualClock(0);
  ringing = new Set();
});

/** Rings by the clock of the test, and counts what is still to ring. */
const alarm: Alarm = (milliseconds, ring) => {
  const one = {};
  ringing.add(one);
  const cancel = clock.schedule(milliseconds, ring);
  return () => {
    ringing.delete(one);
    cancel();
  };
};

/** An engine of which every facet answers with what `answer` gives. */
function engineThat(answer: () => Promise<unknown>): TaskEngine {
  const facet = new Proxy({}, { get: () => answer });
  const facets = ['enqueueing', 'delivering', 'inspecting', 'acting', 'scheduling', 'auditing', 'watching'];
  const engine = Object.fromEntries(facets.map((name) => [name, facet]));
  return withDeadlines({ ...engine, open: answer, close: answer } as unknown as TaskEngine, alarm);
}

/** The error that a call failed with by the time that `milliseconds` have passed; undefined where it still waits. */
async function failureAfter(milliseconds: number, call: Promise<unknown>): Promise<unknown> {
  let failure: unknown;
  call.catch((error: unknown) => (failure = error));
  await turn();
  clock.advance(milliseconds);
  await turn();
  return failure;
}

describe('an engine whose server does not answer', () => {
  it.each([
    ['get', 10_000, (engine: TaskEngine) => engine.inspecting.get('x')],
    ['list', 10_000, (engine: TaskEngine) => engine.inspecting.list({}, { limit: 1 })],
    ['pauseQueue', 10_000, (engine: TaskEngine) => engine.acting.pauseQueue('x')],
    ['trigger', 10_000, (engine: TaskEngine) => engine.scheduling.trigger('x')],
    ['audit page', 10_000, (engine: TaskEngine) => engine.auditing.page({ limit: 1 })],
    ['enqueue', 10_000, (engine: TaskEngine) => engine.enqueueing.enqueue([])],
    [
      'enqueue of 5,000',
      15_000,
      (engine: TaskEngine) => engine.enqueueing.enqueue(Array.from({ length: 5_000 }, () => ({}) as never)),
    ],
    ['open', 60_000, (engine: TaskEngine) => engine.open()],
    ['close', 10_000, (engine: TaskEngine) => engine.close()],
  ] as const)('is given up after a while: %s, after %d ms', async (_what, deadline, call) => {
    const engine = engineThat(never);
    const asked = call(engine);
    expect(await failureAfter(deadline - 1, asked)).toBeUndefined();
    const failure = await failureAfter(1, asked);
    expect(failure).toBeInstanceOf(StoreError);
    expect((failure as Error).message).toMatch(
      new RegExp(`no answer within ${deadline / 1_000} s. It may have been done or not.$`),
    );
  });

  it.each([
    [
      'the server',
      () => 'Redis at prod:6379',
      ': Redis at prod:6379: no answer within 10 s. It may have been done or not.',
    ],
    ['nobody, before it is known', () => null, ': no answer within 10 s. It may have been done or not.'],
  ])('is named as what describes it names %s', async (_what, describeFault, told) => {
    const engine = withDeadlines({ ...engineThat(never), describeFault }, alarm);
    expect(await failureAfter(10_000, engine.inspecting.get('x'))).toMatchObject({
      message: `The task store could not be asked${told}`,
    });
    expect(await failureAfter(10_000, engine.close())).toMatchObject({
      message: `The task store could not be left in order${told}`,
    });
  });

  it('is given the grace of a consumer that closes on top', async () => {
    const engine = engineThat(async () => ({ close: never }));
    const consumer = await engine.delivering.consume('x', { concurrency: 1, priority: 0, rateLimit: null }, never);
    const closing = consumer.close(30_000);
    expect(await failureAfter(45_249, closing)).toBeUndefined();
    expect(await failureAfter(1, closing)).toBeInstanceOf(StoreError);
  });

  it('may take as long as it takes for an action, which asks many times', async () => {
    const acting = engineThat(never).acting.act('retry', { filter: {} });
    expect(await failureAfter(24 * 3_600_000, acting)).toBeUndefined();
  });

  it('leaves no timer behind once it has answered', async () => {
    await engineThat(async () => null).inspecting.get('x');
    await engineThat(() => Promise.reject(new Error('no')))
      .inspecting.get('x')
      .catch(() => undefined);
    expect(ringing.size).toBe(0);
  });
});

describe('an engine whose store fails', () => {
  it('says what could not be done, and why', async () => {
    const cause = new Error('READONLY');
    const engine = engineThat(() => Promise.reject(cause));
    const failure: unknown = await engine.enqueueing.enqueue([]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure).toMatchObject({ message: 'Tasks could not be stored: READONLY', cause });
    await expect(engine.open()).rejects.toThrow('The task store cannot be opened: READONLY');
  });

  it("passes on what is the caller's own fault as it is", async () => {
    const fault = new InvalidArgumentError('cursor', 'is none');
    const engine = engineThat(() => Promise.reject(fault));
    await expect(engine.inspecting.list({}, { limit: 1 })).rejects.toBe(fault);
  });
});
