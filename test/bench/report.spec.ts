import { describe, expect, it } from 'vitest';
import { formatMeasures } from '../../bench/report/report.js';
import { seriesOf } from '../../bench/report/series.js';
import type { Results } from '../../bench/report/results.js';
import type { Outcome } from '../../bench/context.js';

function resultsOf(outcomes: Record<string, Outcome>): Results {
  const contestants = ['library', 'raw', 'liteque', 'plainjob'].map((name) => ({
    name,
    title: name,
    versions: '',
    durability: '',
    settings: '',
  }));
  const figures = ['one', 'two'].map((id) => ({ id, title: id, unit: 'tasks/s' as const, outcomes }));
  return {
    date: '2026-01-31',
    machine: [],
    settings: '',
    contestants,
    measures: [{ name: 'm', title: 'Measure', about: 'About.', figures }],
  };
}

describe('a series of rounds', () => {
  it.each([
    [[3], 3],
    [[4, 1], 2.5],
    [[9, 1, 5], 5],
    [[1, 2, 3, 10], 2.5],
  ])('of %j has the median %d', (values, median) => {
    expect(seriesOf(values)).toEqual({ median, least: Math.min(...values), most: Math.max(...values) });
  });
});

describe('the table of a measure', () => {
  it('has median, spread and the ratio to the library', () => {
    const text = formatMeasures(
      resultsOf({
        library: { median: 2_000, least: 1_900, most: 2_100 },
        raw: { median: 5_000, least: 5_000, most: 5_000 },
        plainjob: { median: 10, least: 8, most: 11 },
      }),
    );
    expect(text).toContain('| 2,000 (1,900–2,100) ');
    expect(text).toContain('| 5,000 · 2.50× ');
    expect(text).toContain('| 10 (8–11) · 0.005× ');
    expect(text).not.toContain('liteque');
  });

  it('says once why one failed, and of the others nothing less', () => {
    const text = formatMeasures(
      resultsOf({
        library: { failed: 'no disk' },
        raw: { median: 5, least: 5, most: 5 },
        liteque: { failed: 'stopped' },
      }),
    );
    expect(text).toContain('1. library: no disk\n2. liteque: stopped');
    expect(text.match(/fails \(2\)/g)).toHaveLength(2);
    expect(text).toMatch(/\| raw\s+\| 5\s/);
  });
});
