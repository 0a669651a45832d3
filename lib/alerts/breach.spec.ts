import { describe, expect, it } from 'vitest';
import type { ResolvedAlertRule } from '../config/index.js';
import { ManualClock } from '../clock/index.js';
import type { QueueStats } from '../operations/index.js';
import { type BreachParts, measure } from './breach.js';

const NOW = Date.UTC(2027, 0, 1);
const WAITING = {
  queue: 'emails',
  paused: false,
  workers: 2,
  rateLimit: null,
  flow: null,
  counts: { available: 3, running: 0 },
  oldestAvailableAt: NOW - 90_000,
};

function partsOf(isHeldBack: boolean): BreachParts {
  return {
    config: { clock: new ManualClock(NOW), limits: new Map() },
    engine: { delivering: { isHeldBack: async () => isHeldBack } as never },
    operations: { queues: { metrics: (() => undefined) as never } },
  };
}

describe('a rule about tasks that wait', () => {
  interface Case {
    readonly kind: 'latency' | 'noWorkers' | 'stuck';
    readonly where: string;
    readonly level: number;
    readonly change?: object;
    readonly held?: boolean;
  }

  it.each<Case>([
    { kind: 'latency', where: 'the oldest has waited for half as long again', level: 1.5 },
    { kind: 'latency', where: 'none is due', level: 0, change: { oldestAvailableAt: null } },
    { kind: 'latency', where: 'the queue is paused', level: 0, change: { paused: true } },
    { kind: 'noWorkers', where: 'some are there', level: 0 },
    { kind: 'noWorkers', where: 'none is there', level: 1.5, change: { workers: 0 } },
    { kind: 'stuck', where: 'workers are there, and none runs anything', level: 1.5 },
    { kind: 'stuck', where: 'no workers are there', level: 0, change: { workers: 0 } },
    { kind: 'stuck', where: 'one of them runs something', level: 0, change: { counts: { available: 3, running: 1 } } },
    { kind: 'stuck', where: 'a limit holds the tasks back', level: 0, held: true },
    { kind: 'stuck', where: 'the queue is paused', level: 0, change: { paused: true } },
  ])('$kind, where $where: $level of what it allows', async ({ kind, level, change = {}, held = false }) => {
    const rule: ResolvedAlertRule = { name: 'rule', queue: 'emails', kind, longest: 60_000 };
    expect(await measure(rule, { ...WAITING, ...change } as unknown as QueueStats, partsOf(held))).toMatchObject({
      level,
    });
  });
});
