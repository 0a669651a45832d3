import { describe, expect, it } from 'vitest';
import { inCarriedContext } from './in-carried-context.js';

const carried = { tenant: 'acme' };
const fails = (): never => {
  throw new Error('broken');
};

describe('inCarriedContext', () => {
  it('hands over what the task carries, and an object that nobody may add to where it carries nothing', () => {
    const given: unknown[] = [];
    const run = (context: object, next: () => unknown): unknown => {
      given.push(context);
      return next();
    };
    inCarriedContext(run, carried, () => 1);
    inCarriedContext(run, undefined, () => 1);
    expect(given).toEqual([carried, {}]);
    expect(given[0]).toBe(carried);
    expect(Object.isFrozen(given[1])).toBe(true);
  });

  it('ends as the handler does, whatever the app returns', async () => {
    const forgetful = (_: object, next: () => unknown): void => void next();
    expect(inCarriedContext(forgetful, carried, () => 7)).toBe(7);
    expect(await inCarriedContext(forgetful, carried, async () => 8)).toBe(8);
    expect(
      await inCarriedContext(
        async (_, next) => void (await next()),
        carried,
        async () => 9,
      ),
    ).toBe(9);
    expect(
      await inCarriedContext(
        async (_, next) => void next(),
        carried,
        () => 10,
      ),
    ).toBe(10);
    expect(() => inCarriedContext(forgetful, carried, fails)).toThrow('broken');
    await expect(inCarriedContext(forgetful, carried, async () => fails())).rejects.toThrow('broken');
  });

  it('ends as the handler does that the app did not let through', async () => {
    const swallowing = async (_: object, next: () => unknown): Promise<void> => {
      try {
        await next();
      } catch {
        // An app that logs it and goes on.
      }
    };
    await expect(inCarriedContext(swallowing, carried, fails)).rejects.toThrow('broken');
    await expect(inCarriedContext(swallowing, carried, async () => fails())).rejects.toThrow('broken');
  });

  it('throws what the app throws, also after the handler was called, whose error is nobody’s then', async () => {
    expect(() => inCarriedContext(fails, carried, () => 1)).toThrow('broken');
    await expect(
      inCarriedContext(
        async () => fails(),
        carried,
        () => 1,
      ),
    ).rejects.toThrow('broken');
    const unhandled: unknown[] = [];
    const collect = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', collect);
    try {
      const late = (_: object, next: () => unknown): never => {
        void next();
        throw new Error('too late');
      };
      expect(() => inCarriedContext(late, carried, async () => fails())).toThrow('too late');
      await new Promise(setImmediate);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', collect);
    }
  });

  it('refuses an app that does not call the handler, or calls it twice', async () => {
    expect(() =>
      inCarriedContext(
        () => undefined,
        carried,
        () => 1,
      ),
    ).toThrow('did not call next()');
    await expect(
      inCarriedContext(
        async () => undefined,
        carried,
        () => 1,
      ),
    ).rejects.toThrow('did not call next()');
    let calls = 0;
    const twice = (_: object, next: () => unknown): unknown => [next(), next()];
    expect(() => inCarriedContext(twice, carried, () => (calls += 1))).toThrow('called next() a second time');
    expect(calls).toBe(1);
  });
});
