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
  it('has the nine of them, not measured where nothing was', () => {
    const rows = formatTargets(resultsOf({})).split('\n').slice(2);
    expect(rows).toHaveLength(9);
    for (const row of rows) expect(row).toContain('not measured');
  });

  it.each([
    [60, '0.60 of raw', /\| holds /],
    [59, '0.59 of raw', /does not hold/],
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
          raw: series(100),
          plainjob: series(plainjob),
          'bullmq-redis': series(8),
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
    [{ idle: 1, draining: 6 }, /\| holds /],
    [{ idle: 1, draining: 6.1 }, /does not hold/],
    [{ idle: 20, draining: 30 }, /\| holds /],
    [{ idle: 20, draining: 30.1 }, /does not hold/],
  ])('allows an HTTP route half as much again, or 5 ms: %o', ({ idle, draining }, verdict) => {
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

  it('takes the longest pause of all rounds, not the median', () => {
    const row = rowOf(resultsOf({ 'due-pause': { library: series(20, 51) } }), '1,000,000 due');
    expect(row).toContain('does not hold');
  });
});
