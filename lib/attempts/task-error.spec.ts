import { describe, expect, it } from 'vitest';
import { RetryLater, StoreError, UnknownTaskNameError } from '../contract/index.js';
import { isInstanceByName, toTaskError } from './task-error.js';

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
});
