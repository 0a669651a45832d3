import { expect, it } from 'vitest';
import { addToHistogram, sumOfHistograms } from './histogram.js';

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
