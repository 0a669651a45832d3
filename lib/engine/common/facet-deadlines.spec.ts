import { describe, expect, it } from 'vitest';
import { InvalidArgumentError, StoreError } from '../../contract/index.js';
import type { Consumer, TaskEngine } from '../port/index.js';
import { withDeadlines, type Alarm } from './deadlines.js';

/** A facet that does with every call what `answer` does. */
function facet<T extends object>(answer: () => Promise<unknown>): T {
  return new Proxy({} as T, { get: (_, name) => (name === 'bounds' ? undefined : answer) });
}

function engineThat(answer: () => Promise<unknown>): TaskEngine {
  return {
    kind: 'silent',
    capabilities: {} as TaskEngine['capabilities'],
    enqueueing: facet(answer),
    delivering: facet(answer),
    inspecting: facet(answer),
    acting: facet(answer),
    scheduling: facet(answer),
    auditing: facet(answer),
    sharing: facet(answer),
    stepping: facet(answer),
    watching: { watch: () => () => undefined },
    open: () => answer() as Promise<void>,
    close: () => answer() as Promise<void>,
  };
}

/** Rings when the test says so. */
class Alarms {
  readonly set: Array<{ readonly milliseconds: number; readonly ring: () => void }> = [];

  readonly alarm: Alarm = (milliseconds, ring) => {
    const alarm = { milliseconds, ring };
    this.set.push(alarm);
    return () => this.set.splice(this.set.indexOf(alarm), 1);
  };
}

const FACETS = [
  'enqueueing',
  'delivering',
  'inspecting',
  'acting',
  'scheduling',
  'auditing',
  'sharing',
  'stepping',
] as const;
const ANSWER_MS = 10_000;
/** Deadlines of methods that are given more time than others, or all they need. */
const OTHER_DEADLINES: Readonly<Record<string, number | null>> = {
  'enqueueing.enqueue': 13_000,
  'acting.act': null,
  'stepping.transact': null,
};
const ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  'enqueueing.enqueue': [Array.from({ length: 3_000 })],
};

type Method = (...given: readonly unknown[]) => Promise<unknown>;

/** Every method of every facet, as it answers within its deadline. */
function methodsOf(engine: TaskEngine): Array<readonly [name: string, method: Method]> {
  return FACETS.flatMap((name) =>
    Object.entries(engine[name] ?? {}).map(([method, call]) => [`${name}.${method}`, call as Method] as const),
  );
}

describe('An engine whose store does not answer', () => {
  const silent = engineThat(() => new Promise(() => undefined));

  it('has a deadline of its own on every facet', () => {
    const facets = Object.entries(silent)
      .filter(([, part]) => typeof part === 'object')
      .map(([name]) => name)
      .filter((name) => name !== 'capabilities' && name !== 'watching');
    expect(facets.toSorted()).toEqual(FACETS.toSorted());
    expect(methodsOf(withDeadlines(silent)).length).toBeGreaterThan(20);
  });

  it.each(methodsOf(withDeadlines(silent)).map(([name]) => name))('%s says so in time', async (name) => {
    const alarms = new Alarms();
    const method = new Map(methodsOf(withDeadlines(silent, alarms.alarm))).get(name)!;
    const deadline = name in OTHER_DEADLINES ? OTHER_DEADLINES[name] : ANSWER_MS;
    const answer = method(...(ARGUMENTS[name] ?? []));
    if (deadline === null) {
      expect(alarms.set).toEqual([]);
      return;
    }
    expect(alarms.set.map(({ milliseconds }) => milliseconds)).toEqual([deadline]);
    alarms.set[0]!.ring();
    await expect(answer).rejects.toThrow(StoreError);
    await expect(answer).rejects.toThrow(`no answer within ${deadline! / 1_000} s`);
  });

  it.each([
    ['open', 60_000],
    ['close', 10_000],
  ] as const)('%s says so in time', async (method, deadline) => {
    const alarms = new Alarms();
    const answer = withDeadlines(silent, alarms.alarm)[method]();
    expect(alarms.set.map(({ milliseconds }) => milliseconds)).toEqual([deadline]);
    alarms.set[0]!.ring();
    await expect(answer).rejects.toThrow(StoreError);
  });

  it('gives a consumer its grace, and attempts their time after an abort, before it is given up', async () => {
    const consumer: Consumer = { close: () => new Promise(() => undefined) };
    const alarms = new Alarms();
    const engine = withDeadlines({ ...silent, delivering: { consume: async () => consumer } }, alarms.alarm);
    const consuming = await engine.delivering.consume('default', CONSUME, () => Promise.reject(new Error('no task')));
    const closing = consuming.close(30_000);
    expect(alarms.set.map(({ milliseconds }) => milliseconds)).toEqual([45_250]);
    alarms.set[0]!.ring();
    await expect(closing).rejects.toThrow('could not be left in order');
  });
});

const CONSUME = { concurrency: 1, priority: 0, rateLimit: null };

describe('An engine whose store answers', () => {
  it('leaves no alarm behind', async () => {
    const alarms = new Alarms();
    for (const [, method] of methodsOf(
      withDeadlines(
        engineThat(async () => 'answer'),
        alarms.alarm,
      ),
    )) {
      await method([]);
    }
    expect(alarms.set).toEqual([]);
  });

  it.each([
    ['what only it knows', new Error('ECONNRESET'), StoreError, 'The task store could not be asked: ECONNRESET'],
    ['what the caller did', new InvalidArgumentError('cursor', 'no cursor'), InvalidArgumentError, 'no cursor'],
  ])('fails with a StoreError for %s', async (_what, error, type, message) => {
    const alarms = new Alarms();
    const engine = withDeadlines(
      engineThat(() => Promise.reject(error)),
      alarms.alarm,
    );
    const answer = engine.inspecting.get('x');
    await expect(answer).rejects.toThrow(type);
    await expect(answer).rejects.toThrow(message);
    expect(alarms.set).toEqual([]);
  });
});
