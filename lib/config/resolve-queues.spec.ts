import { describe, expect, it } from 'vitest';
import { TasksConfigError } from '../contract/index.js';
import { loadConfig } from './load-config.js';
import type { TasksModuleRootOptions } from './options.js';
import { withHandlerQueues } from './resolve-queues.js';

const config = (options: TasksModuleRootOptions) => loadConfig({ configFile: false, ...options });

describe('withHandlerQueues', () => {
  it.each([
    ['nothing', {}, 5],
    ['a number', { workers: 3 }, 3],
    ['false', { workers: false }, 0],
    ['a map', { workers: { default: 1 } }, 0],
  ] as const)('gives a new queue what workers say of it: %s', (_, options, concurrency) => {
    const base = config({ ...options, maxRetries: 8 });
    const extended = withHandlerQueues(base, ['reports', 'reports']);
    expect(extended.queues.get('reports')).toEqual({
      name: 'reports',
      concurrency,
      settings: base.defaults,
      rateLimit: null,
      flow: null,
    });
    expect([...extended.queues.keys()]).toEqual([...base.queues.keys(), 'reports']);
    expect(base.queues.has('reports')).toBe(false);
  });

  it('leaves known queues as they are', () => {
    const base = config({ queues: { emails: { priority: 4 } } });
    expect(withHandlerQueues(base, ['emails', 'default'])).toBe(base);
    expect(withHandlerQueues(base, ['new', 'emails']).queues.get('emails')).toBe(base.queues.get('emails'));
  });

  it.each(['', 'a b', '__proto__', 'constructor'])('refuses the name %j', (name) => {
    expect(() => withHandlerQueues(config({}), [name])).toThrow(TasksConfigError);
  });
});
