import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { RetryLater, StoreError, UnknownTaskNameError, UnrecoverableError } from '../contract/index.js';
import { isAbortError, isInstanceByName, toError, toTaskError } from './task-error.js';

const asIs = (text: string): string => text;

describe('toTaskError', () => {
  it('keeps name, message and stack', () => {
    const error = new RangeError('too far');
    expect(toTaskError(error, asIs)).toEqual({ name: 'RangeError', message: 'too far', stack: error.stack });
  });

  it('shows what is no error', () => {
    expect(toTaskError('boom', asIs)).toEqual({ name: 'NonError', message: 'boom' });
    expect(toTaskError(null, asIs)).toEqual({ name: 'NonError', message: 'null' });
    expect(toTaskError({ code: 7 }, asIs)).toMatchObject({ name: 'Error', message: '{ code: 7 }' });
  });

  it('appends causes and gathered errors to the stack, and ends for those that go in circles', () => {
    const root = new Error('root');
    const middle = new Error('middle', { cause: root });
    root.cause = middle;
    const all = new AggregateError([new Error('one'), 'two'], 'several', { cause: middle });
    const { stack } = toTaskError(all, asIs);
    for (const part of ['several', 'Caused by: Error: middle', 'Caused by: Error: root', 'Gathered: Error: one']) {
      expect(stack).toContain(part);
    }
    expect(stack).toContain('Gathered: NonError: two');
  });

  it('cuts long texts between characters, after taking secrets out', () => {
    const error = new Error('😀'.repeat(100_000));
    const { message, stack } = toTaskError(error, asIs);
    expect(message.length).toBeLessThan(66_000);
    expect(Buffer.from(message).toString()).toBe(message); // no half of a pair
    expect(message).toMatch(/more characters\)$/);
    expect(stack!.length).toBeLessThan(66_000);

    const secret = 'a'.repeat(100);
    const atTheCut = 'x'.repeat(64 * 1024 - 50) + secret;
    expect(toTaskError(new Error(atTheCut), (text) => text.replaceAll(secret, '*')).message).not.toContain('aa');
  });
});

/** A stack that can be told from others. */
function withStack(message: string, options: { cause?: unknown; errors?: unknown } = {}): Error {
  const error = Object.assign(new Error(message), options);
  error.stack = `at ${message}`;
  return error;
}

describe('toTaskError: the stack', () => {
  const stackOf = (thrown: unknown): string | undefined => toTaskError(thrown, asIs).stack;

  it('stands a line each for what an error was caused by and what it gathers', () => {
    const inner = withStack('inner', { cause: withStack('innermost') });
    expect(stackOf(withStack('outer', { cause: inner, errors: [withStack('one'), 2] }))).toBe(
      ['at outer', 'Caused by: at inner', 'Caused by: at innermost', 'Gathered: at one', 'Gathered: NonError: 2'].join(
        '\n',
      ),
    );
    expect(stackOf(withStack('alone', { cause: null, errors: 'none' }))).toBe('at alone');
    expect(stackOf(withStack('alone', { cause: undefined }))).toBe('at alone');
  });

  it('is that of the causes where an error has none itself', () => {
    const bare = { message: 'bare', cause: withStack('inner') };
    expect(stackOf(bare)).toBe('bare\nCaused by: at inner');
    expect(stackOf({ message: 'bare' })).toBeUndefined();
    expect(stackOf({ message: 'bare', stack: 7 })).toBeUndefined();
    expect(stackOf(7)).toBeUndefined();
  });

  it('names each error once', () => {
    const shared = withStack('shared');
    const ring = withStack('ring', { errors: [shared, shared] });
    ring.cause = ring;
    expect(stackOf(ring)).toBe('at ring\nGathered: at shared');
  });

  it('goes ten errors deep', () => {
    let error = withStack('12');
    for (let depth = 11; depth > 0; depth -= 1) error = withStack(`${depth}`, { cause: error });
    const lines = stackOf(error)!.split('\n');
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe('Caused by: at 10');
  });
});

describe('toTaskError: what can hardly be read', () => {
  const throwing = (): never => {
    throw new Error('no');
  };

  it.each([
    ['a function', Object.assign(() => 1, { message: 'of a function' }), { name: 'value', message: 'of a function' }],
    ['an error without a name', Object.assign(new Error('x'), { name: '' }), { name: 'Error', message: 'x' }],
    ['a message that is none', Object.assign(new Error('x'), { message: 7, name: 'Odd' }), { name: 'Odd' }],
    [
      'a proxy that throws at everything',
      new Proxy({}, { get: throwing, getPrototypeOf: throwing, ownKeys: throwing, getOwnPropertyDescriptor: throwing }),
      { name: 'Error' },
    ],
  ])('%s', (_, thrown, expected) => {
    if (typeof thrown === 'function') Object.defineProperty(thrown, 'name', { value: 'value' });
    expect(toTaskError(thrown, asIs)).toMatchObject(expected);
  });

  it('shows two levels of an object, in one line', () => {
    const deep = { a: { b: { c: { d: 1 } } }, texts: Array.from({ length: 6 }, (_, n) => `number ${n} of several`) };
    const { message } = toTaskError(deep, asIs);
    expect(message).toContain('c: [Object]');
    expect(message).not.toContain('\n');
  });
});

describe('toError', () => {
  it('is the error itself, or one that says what was thrown', () => {
    const [error, foreign] = [new RangeError('x'), runInNewContext('new TypeError("other")') as Error];
    expect(toError(error)).toBe(error);
    expect(toError(foreign)).toBe(foreign);
    const inherited = Object.create(Error.prototype) as Error;
    expect(toError(inherited)).toBe(inherited);
    expect(toError('boom')).toEqual(new Error('boom'));
    expect(toError({ message: 'an object' })).toEqual(new Error('an object'));
  });
});

describe('isAbortError', () => {
  const { signal } = ((controller) => (controller.abort(new Error('why')), controller))(new AbortController());

  it('is what says that the signal was aborted, and nothing else', () => {
    expect(isAbortError(signal.reason, signal)).toBe(true);
    for (const name of ['AbortError', 'TaskAbortedError', 'DeadlineError']) {
      expect(isAbortError(Object.assign(new Error('x'), { name }), signal)).toBe(true);
      expect(isAbortError(name, signal)).toBe(false);
    }
    for (const thrown of [new Error('why'), null, undefined, 'AbortError', {}]) {
      expect(isAbortError(thrown, signal)).toBe(false);
    }
  });
});

describe('isInstanceByName', () => {
  const isLater = (thrown: unknown): boolean => isInstanceByName(thrown, RetryLater, 'RetryLater');

  it('knows an instance, also of a subclass, here or of another copy', () => {
    class Subclass extends RetryLater {}
    const Foreign = { RetryLater: class extends Error {} }.RetryLater;
    class OfForeign extends Foreign {
      override name = 'OfForeign';
    }
    expect(isLater(new RetryLater(1))).toBe(true);
    expect(isLater(Object.assign(new Subclass(1), { name: 'Mine' }))).toBe(true);
    expect(isLater(new Foreign('x'))).toBe(true);
    expect(isLater(new OfForeign('x'))).toBe(true);
    expect(isLater({ name: 'RetryLater' })).toBe(true);
  });

  it('knows nothing else, whatever it is', () => {
    const throwing = (): never => {
      throw new Error('no');
    };
    const proxy = new Proxy({}, { get: throwing, getPrototypeOf: throwing });
    const odd = Object.create({ constructor: { name: 'RetryLater' } }) as object;
    const named = { RetryLater: () => 1 }.RetryLater;
    for (const thrown of [null, undefined, 'RetryLater', named, {}, Object.create(null), proxy, odd, new Error('x')]) {
      expect(isLater(thrown)).toBe(false);
    }
  });
});

describe('errors in a bundle that is minified', () => {
  const renamed = <T extends abstract new (...parameters: never[]) => Error>(type: T): T =>
    Object.defineProperty(class extends (type as unknown as new () => Error) {}, 'name', {
      value: 'a',
    }) as unknown as T;

  it('keep their names, which do not come from their classes', () => {
    expect(new (renamed(StoreError))('gone')).toMatchObject({ name: 'StoreError', code: 'store_unavailable' });
    expect(toTaskError(new (renamed(UnknownTaskNameError))('mail', []), (text) => text).name).toBe(
      'UnknownTaskNameError',
    );
  });

  it('are known by their names from another copy of the package', () => {
    const foreign = Object.assign(new Error('later'), { name: 'RetryLater', delay: 5 });
    expect(isInstanceByName(foreign, renamed(RetryLater), 'RetryLater')).toBe(true);
    expect(isInstanceByName(new Error('a'), renamed(RetryLater), 'RetryLater')).toBe(false);
  });

  it('are known from another copy of the package that is minified too, whatever subclasses are called', async () => {
    const place = '../contract/errors/handler-errors.js?another-copy';
    const copy = (await import(/* @vite-ignore */ place)) as { readonly RetryLater: typeof RetryLater };
    class Later extends copy.RetryLater {
      override readonly name: string = 'Later';
    }
    for (const type of [copy.RetryLater, Later]) Object.defineProperty(type, 'name', { value: 'a' });
    const thrown = new Later(5);
    expect(thrown).not.toBeInstanceOf(RetryLater);
    expect(isInstanceByName(thrown, renamed(RetryLater), 'RetryLater')).toBe(true);
    expect(isInstanceByName(thrown, renamed(UnrecoverableError), 'UnrecoverableError')).toBe(false);
  });
});
