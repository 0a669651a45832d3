import { describe, expect, it } from 'vitest';
import { ManualClock, SystemClock } from '../clock/index.js';
import { TasksConfigError } from '../contract/index.js';
import { unfitOptions, unfitRetention, weakerOptions, type EngineTraits } from './engine-fit.js';
import { loadConfig } from './load-config.js';
import type { TasksModuleRootOptions } from './options.js';

const ABLE: EngineTraits = {
  kind: 'able',
  capabilities: {
    clock: 'injected',
    queueRank: true,
    listOrder: 'created',
    latencyMetrics: true,
    nameMetrics: true,
    retentionPerTask: true,
    queueOrder: 'created',
    uniqueIds: 'store',
    keepsCancelledAttempts: true,
    lapses: true,
    namedLimits: true,
    keys: true,
    globalConcurrency: true,
    storesWithCompletion: true,
    wholeWorkflows: true,
    uniqueKeys: true,
  },
};
const LESS_ABLE: EngineTraits = {
  kind: 'less-able',
  capabilities: { ...ABLE.capabilities, clock: 'system', queueRank: false, retentionPerTask: false },
};
const config = (options: TasksModuleRootOptions) => loadConfig({ configFile: false, ...options });

describe('an engine that can do less than is asked for', () => {
  it.each([new ManualClock(0), new (class extends SystemClock {})()])(
    'refuses a clock that it does not go by',
    (clock) => {
      const withClock = config({ clock });
      expect(unfitOptions(withClock, LESS_ABLE)).toEqual([expect.stringMatching(/^"clock": the engine "less-able"/)]);
      expect(unfitOptions(withClock, ABLE)).toEqual([]);
      expect(unfitOptions(config({}), LESS_ABLE)).toEqual([]);
    },
  );

  it('refuses keys, turns and shared limits by their names, and takes what is of a whole queue', () => {
    const { keys: _keys, namedLimits: _named, ...others } = ABLE.capabilities;
    const less = { kind: 'less-able', capabilities: { ...others, keys: false, namedLimits: false } };
    const unfit = (options: TasksModuleRootOptions) => unfitOptions(config(options), less);
    for (const key of [{ concurrency: 1 }, { rateLimit: '5/s' }, { weights: { a: 2 } }]) {
      expect(unfit({ queues: { imports: { key } } })).toEqual([
        expect.stringMatching(/^Queue "imports": "key" cannot/),
      ]);
    }
    expect(unfit({ queues: { imports: { fair: true } } })).toEqual([expect.stringMatching(/"imports": "fair" cannot/)]);
    expect(unfit({ limits: { stripe: '5/s' } })).toEqual([expect.stringMatching(/^"limits": the engine "less-able"/)]);
    expect(unfit({ queues: { imports: { rateLimit: '5/s', globalConcurrency: 3 } } })).toEqual([]);
  });

  it('warns of a rank that a queue does not have there', () => {
    const ranked = config({ workers: { default: 1, emails: 1 }, queues: { emails: { priority: 5 } } });
    expect(weakerOptions(ranked, LESS_ABLE)).toEqual([expect.stringMatching(/^Queue "emails" has priority 5/)]);
    expect(weakerOptions(ranked, ABLE)).toEqual([]);
    expect(weakerOptions(config({ priority: 5 }), LESS_ABLE)).toEqual([]);
  });

  it('refuses a retention that is not that of the queue', () => {
    const queues = config({ queues: { emails: { retention: { completed: '1h' } } } });
    const unfit = (queue: string, completed: string, engine = LESS_ABLE) =>
      unfitRetention(queues, queue, { retention: { completed } }, engine);
    expect(unfit('emails', '60m')).toBeNull();
    expect(unfit('emails', '2h')).toMatch(/^"retention.completed" differs from that of queue "emails".*"less-able"/);
    expect(unfit('default', '60m')).toMatch(/queue "default"/);
    expect(unfit('emails', '2h', ABLE)).toBeNull();
    expect(unfitRetention(queues, 'emails', { retention: { cancelled: '1s' } }, LESS_ABLE)).toBeNull();
    expect(unfitRetention(queues, 'emails', { priority: 1 }, LESS_ABLE)).toBeNull();
  });
});

describe('the place where tasks live', () => {
  const engine = { bullmq: { connection: { port: 6379 } } };

  it.each([{ database: 'x.db' }, { dataSource: 'default' }, { synchronous: 'normal' }] as const)(
    'is not said twice: %o',
    (beside) => {
      expect(() => config({ engine, ...beside })).toThrow(TasksConfigError);
      expect(() => config({ engine, ...beside })).toThrow(/cannot stand beside/);
    },
  );
});
