import { expect, it } from 'vitest';
import { addToHistogram, parseHistogram, sumOfHistograms } from './histogram.js';

it('counts values by power of two', () => {
  expect(addToHistogram([], [0, 0.5, 1, 3, 3, 1_024])).toEqual([2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

it.each([
  ['', []],
  ['[]', []],
  ['[0,30,7]', [0, 30, 7]],
  ['[][1][0,12,3][]', [1, 12, 3]],
  ['[0,0,5][1,2][10,20,30,40]', [11, 22, 35, 40]],
])('adds %s bucket by bucket', (text, sums) => {
  expect(sumOfHistograms(text)).toEqual(sums);
});

it('puts what is longer than it counts into its last bucket', () => {
  const counted = addToHistogram([], [2 ** 39, 2 ** 40, 2 ** 60]);
  expect(counted).toHaveLength(41);
  expect(counted[40]).toBe(3);
});

it('adds to what it has counted, of which there may be nothing yet', () => {
  expect(addToHistogram(parseHistogram(undefined), [1])).toEqual([0, 1]);
  expect(addToHistogram(parseHistogram('[1,2]'), [0, 2])).toEqual([2, 2, 1]);
});
