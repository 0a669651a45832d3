import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError, TasksConfigError } from '../contract/index.js';
import { DEFAULT_SETTINGS } from './defaults.js';
import { loadConfig } from './load-config.js';
import type { TaskSettingsOptions, TasksModuleRootOptions } from './options.js';
import { overlaySettings, resolveSettings, validateTaskSettings } from './task-settings.js';

const config = (options: TasksModuleRootOptions) => loadConfig({ configFile: false, ...options });

describe('resolveSettings', () => {
  it('falls back to the defaults of the library', () => {
    expect(resolveSettings(config({}), 'default')).toEqual({
      maxRetries: 3,
      retryDelay: 60_000,
      backoff: 'fixed',
      jitter: 0,
      timeout: null,
      priority: 0,
      retention: { completed: 604_800_000, failed: 2_592_000_000, cancelled: 604_800_000 },
    });
  });

  it('takes task over handler over queue over the defaults of the module', () => {
    const some = config({
      maxRetries: 1,
      jitter: 0.1,
      priority: 1,
      timeout: '1m',
      queues: { q: { jitter: 0.2, priority: 2, timeout: '2m' } },
    });
    expect(
      overlaySettings(resolveSettings(some, 'q', { priority: 3, timeout: '3m' }), { timeout: false }),
    ).toMatchObject({
      maxRetries: 1,
      jitter: 0.2,
      priority: 3,
      timeout: null,
    });
    expect(overlaySettings(resolveSettings(some, 'q', null), null)).toMatchObject({
      maxRetries: 1,
      jitter: 0.2,
      priority: 2,
      timeout: 120_000,
    });
    expect(resolveSettings(some, 'default')).toMatchObject({ jitter: 0.1, priority: 1, timeout: 60_000 });
  });

  it('gives a queue that is not configured the defaults of the module', () => {
    expect(resolveSettings(config({ maxRetries: 9 }), 'gone').maxRetries).toBe(9);
  });

  it('merges retention per state', () => {
    const some = config({
      retention: { completed: '1d', failed: '2d', cancelled: '3d' },
      queues: { q: { retention: { failed: false } } },
    });
    expect(resolveSettings(some, 'q', { retention: { cancelled: 5 } }).retention).toEqual({
      completed: 86_400_000,
      failed: null,
      cancelled: 5,
    });
  });

  it('keeps a backoff function', () => {
    const backoff = (retry: number) => retry * 10;
    expect(resolveSettings(config({ backoff: 'linear' }), 'default', { backoff }).backoff).toBe(backoff);
  });

  it('ignores what else stands on a handler', () => {
    const handler = { queue: 'q', params: class {}, maxRetries: 0 };
    expect(resolveSettings(config({}), 'default', handler)).toEqual({ ...DEFAULT_SETTINGS, maxRetries: 0 });
  });

  it('throws on a duration that is none', () => {
    expect(() => resolveSettings(config({}), 'default', { retryDelay: 'later' })).toThrow(InvalidArgumentError);
    expect(() => resolveSettings(config({}), 'default', { retention: { failed: 'later' } })).toThrow(
      'retention.failed',
    );
  });

  it('takes each setting from the nearest place that has it', () => {
    const length = fc.integer({ min: 1, max: 1_000_000 });
    const lengthOrFalse = fc.oneof(length, fc.constant(false as const));
    const settings: fc.Arbitrary<TaskSettingsOptions> = fc.record(
      {
        maxRetries: fc.integer({ min: 0, max: 1_000 }),
        retryDelay: length,
        backoff: fc.constantFrom('fixed' as const, 'linear' as const, 'exponential' as const),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
        timeout: lengthOrFalse,
        priority: fc.integer({ min: -100, max: 100 }),
        retention: fc.record(
          { completed: lengthOrFalse, failed: lengthOrFalse, cancelled: lengthOrFalse },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    const orNull = (value: unknown) => (value === false ? null : value);
    fc.assert(
      fc.property(settings, settings, settings, settings, (task, handler, queue, defaults) => {
        const some = config({ ...defaults, queues: { q: queue } });
        const resolved = overlaySettings(resolveSettings(some, 'q', handler), task);
        const places = [task, handler, queue, defaults];
        for (const key of ['maxRetries', 'retryDelay', 'backoff', 'jitter', 'timeout', 'priority'] as const) {
          const place = places.find((options) => options[key] !== undefined);
          expect(resolved[key]).toEqual(place ? orNull(place[key]) : DEFAULT_SETTINGS[key]);
        }
        for (const state of ['completed', 'failed', 'cancelled'] as const) {
          const place = places.find((options) => options.retention?.[state] !== undefined);
          expect(resolved.retention[state]).toEqual(
            place ? orNull(place.retention![state]) : DEFAULT_SETTINGS.retention[state],
          );
        }
      }),
    );
  });
});

describe('validateTaskSettings', () => {
  const settings = (value: unknown) => value as TaskSettingsOptions;

  it('accepts everything that may be set', () => {
    const all: TaskSettingsOptions = {
      maxRetries: 0,
      retryDelay: '1h30m',
      backoff: () => 5,
      jitter: 0.5,
      timeout: false,
      priority: -3,
      retention: { completed: false, failed: '1d', cancelled: 0 },
    };
    expect(() => validateTaskSettings(all, 'here')).not.toThrow();
    expect(() => validateTaskSettings({ maxRetries: undefined }, 'here')).not.toThrow();
  });

  it('lists everything that is wrong, with the place before each', () => {
    const wrong = settings({ maxRetries: -1, retryDely: '5s', retention: { complete: '1d', failed: 'long' } });
    expect(() => validateTaskSettings(wrong, "@TaskHandler('a') on A")).toThrow(
      new TasksConfigError(
        [
          `@TaskHandler('a') on A: maxRetries must be a whole number from 0 to 1,000, not -1.`,
          `@TaskHandler('a') on A: retryDely is not an option. Did you mean "retryDelay"?`,
          `@TaskHandler('a') on A: retention.complete is not an option. Did you mean "completed"?`,
          `@TaskHandler('a') on A: retention.failed must be a duration such as "250ms", "60s", "5m", "1h30m" or "7d", ` +
            `or a number of milliseconds, not "long".`,
        ].join('\n'),
      ),
    );
  });

  it.each([
    ['maxRetries', 1.5],
    ['maxRetries', '3'],
    ['maxRetries', 1_001],
    ['maxRetries', null],
    ['retryDelay', -1],
    ['retryDelay', false],
    ['backoff', 'random'],
    ['backoff', true],
    ['jitter', 1.1],
    ['jitter', Number.NaN],
    ['timeout', 0],
    ['timeout', true],
    ['priority', Infinity],
    ['priority', 1_000_001],
    ['retention', '7d'],
    ['retention', []],
  ])('refuses %s: %j', (key, value) => {
    expect(() => validateTaskSettings(settings({ [key]: value }), 'here')).toThrow(`here: ${key} must `);
  });

  it('makes the error that the caller wants, for the first wrong field', () => {
    const invalid = (field: string, message: string) => new InvalidArgumentError(field, message);
    const wrong = settings({ retention: { failed: 'long' }, priority: 0.5 });
    expect(() => validateTaskSettings(wrong, '', invalid)).toThrow(
      expect.objectContaining({
        field: 'retention.failed',
        message: expect.stringMatching(/^retention\.failed must be .*\npriority must be .*\.$/) as string,
      }),
    );
  });

  it('lets other known keys stand beside, and names them as near ones', () => {
    const options = { beside: ['queue', 'params'] };
    expect(() => validateTaskSettings(settings({ queue: 5, params: 5 }), 'here', undefined, options)).not.toThrow();
    expect(() => validateTaskSettings(settings({ queu: 'emails' }), 'here', undefined, options)).toThrow(
      'Did you mean "queue"?',
    );
    expect(() => validateTaskSettings(settings({ queue: 5 }), 'here')).toThrow('queue is not an option');
  });

  it('refuses a function in settings that will be stored', () => {
    expect(() => validateTaskSettings({ backoff: () => 5 }, 'here', undefined, { stored: true })).toThrow(
      'here: backoff must be "fixed", "linear" or "exponential": a function cannot be stored with a task.',
    );
    expect(() => validateTaskSettings({ backoff: 'linear' }, 'here', undefined, { stored: true })).not.toThrow();
  });

  it('is not led astray by keys of the prototype', () => {
    const hostile = JSON.parse(
      '{ "__proto__": { "maxRetries": 1 }, "constructor": 1, "retention": { "toString": 1 } }',
    ) as object;
    expect(() => validateTaskSettings(settings(hostile), 'here')).toThrow(
      /^here: __proto__ is not an option.*\nhere: constructor is not an option.*\nhere: retention\.toString is not an option/,
    );
  });

  it.each([null, 'text', 5, [], () => 5])('refuses %j in place of an object', (value) => {
    expect(() => validateTaskSettings(settings(value), 'here')).toThrow('here: the options must be an object');
  });
});
