import { describe, expect, it } from 'vitest';
import { recordedAs } from './recorded-as.js';

const error = { name: 'Error', message: 'broken' };

describe('recordedAs', () => {
  it.each([
    ['completed', { kind: 'completed', keepFor: null }],
    ['failed', { kind: 'failed', keepFor: null, error }],
    ['cancelled', { kind: 'cancelled', keepFor: null }],
    ['retried', { kind: 'retry', at: 1, error, countsAttempt: true }],
    ['snoozed', { kind: 'retry', at: 1, error, countsAttempt: false }],
    ['snoozed', { kind: 'suspended', waits: [] }],
    ['released', { kind: 'released' }],
  ] as const)('has an attempt on record as %s', (recorded, outcome) => {
    expect(recordedAs({ ...outcome, maxAttempts: 1 })).toBe(recorded);
  });
});
