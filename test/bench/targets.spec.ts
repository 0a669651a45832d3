import { describe, expect, it } from 'vitest';
import type { Results } from '../../bench/report/results.js';
import { formatTargets } from '../../bench/report/targets.js';

const series = (median: number, most = median): { median: number; least: number; most: number } => ({
  median,
  least: median,
  most,
});

function resultsOf(figures: Record<string, Record<string, ReturnType<typeof series> | { failed: string }>>): Results {
  return {
    date: '2026-01-31',
    machine: [],
    settings: '',
    contestants: [],
    measures: [
      {
        name: 'all',
        title: 'all',
        about: '',
        figures: Object.entries(figures).map(([id, outcomes]) => ({ id, title: id, unit: 'ms', outcomes })),
      },
    ],
  };
}

/** The row of the target that has `words` in its name. */
function rowOf(results: Results, words: string): string {
  return formatTargets(results)
    .split('\n')
    .find((line) => line.includes(words))!;
}

describe('the table of targets', () => {
  it('has the twelve of them, not measured where nothing was', () => {
    const rows = formatTargets(resultsOf({})).split('\n').slice(2);
    expect(rows).toHaveLength(12);
    for (const row of rows) expect(row).toContain('not measured');
  });

  it.each([
    [80, '0.80 of raw', /\| holds /],
    [79, '0.79 of raw', /does not hold/],
  ])('compares the library with raw SQLite: %d of 100', (library, shown, verdict) => {
    const row = rowOf(resultsOf({ bulk: { library: series(library), raw: series(100) } }), 'queueMany');
    expect(row).toContain(shown);
    expect(row).toMatch(verdict);
  });

  it('holds a target of several conditions only where all of them hold', () => {
    const drain = (plainjob: number): Results =>
      resultsOf({
        'drain-no-op-10': {
          library: series(40),
          plainjob: series(plainjob),
          'bullmq-redis': series(8),
          'graphile-local': series(20),
        },
      });
    expect(rowOf(drain(10), 'drain, no-op')).toMatch(/\| holds /);
    expect(rowOf(drain(11), 'drain, no-op')).toContain('does not hold');
  });

  it('does not take a peer that failed for one that was beaten', () => {
    const outcomes = { library: series(40), raw: series(100), plainjob: { failed: 'it stopped' } };
    expect(rowOf(resultsOf({ 'drain-no-op-10': outcomes }), 'drain, no-op')).toContain('not measured');
  });

  it.each([
    [{ idle: 1, draining: 2 }, /\| holds /],
    [{ idle: 1, draining: 2.1 }, /does not hold/],
    [{ idle: 20, draining: 26 }, /\| holds /],
    [{ idle: 20, draining: 26.1 }, /does not hold/],
  ])('allows an HTTP route three tenths more, or 1 ms: %o', ({ idle, draining }, verdict) => {
    const results = resultsOf({
      'http-idle-p99': { library: series(idle) },
      'http-draining-p99': { library: series(draining) },
      'http-rate': { library: series(5_000) },
    });
    expect(rowOf(results, 'HTTP route')).toMatch(verdict);
  });

  it('does not hold where the tasks were not drained at that rate', () => {
    const results = resultsOf({
      'http-idle-p99': { library: series(1) },
      'http-draining-p99': { library: series(1) },
      'http-rate': { library: series(4_000) },
    });
    expect(rowOf(results, 'HTTP route')).toContain('does not hold');
  });

  it.each([
    [{ rate: 13, memory: 125 }, /\| holds /],
    [{ rate: 12.9, memory: 125 }, /does not hold/],
    [{ rate: 13, memory: 125.1 }, /does not hold/],
  ])('compares the thread with the engine in place: %o', ({ rate, memory }, verdict) => {
    const results = resultsOf({
      'thread-drain': { library: series(rate), 'library-in-place': series(10) },
      'thread-memory': { library: series(memory), 'library-in-place': series(100) },
    });
    expect(rowOf(results, 'thread of its own')).toMatch(verdict);
  });

  it('compares handlers that compute with the best of the peers, and not with the library in place', () => {
    const outcomes = {
      library: series(97),
      'library-in-place': series(200),
      liteque: series(90),
      plainjob: series(100),
    };
    const three = [1, 10, 100].map((callers) => [`drain-cpu-${callers}`, outcomes]);
    expect(rowOf(resultsOf(Object.fromEntries(three)), 'compute for 5 ms')).toMatch(/\| holds /);
  });

  it('takes the longest pause of all rounds, not the median', () => {
    const row = rowOf(resultsOf({ 'due-pause': { library: series(20, 51) } }), '1,000,000 due');
    expect(row).toContain('does not hold');
  });
});
