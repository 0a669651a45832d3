import { describe, expect, it } from 'vitest';
import type { DeliveredTask, Outcome } from '../engine/port/index.js';
import { attemptMessage, noteOutcome } from './attempt-message.js';

const shown = { id: '1', queue: 'default', name: 'work', attempt: 2, createdAt: 10, runAt: 20 };
const task = { ...shown, params: '{"password":"x"}', sensitive: ['password'] } as unknown as DeliveredTask;
const error = { name: 'Error', message: 'broken' };

describe('attemptMessage', () => {
  it('tells which task it is, and nothing of its params', () => {
    expect({ ...attemptMessage('main', task) }).toEqual({ store: 'main', task: shown });
    expect(attemptMessage('main', { ...task, traits: { version: 2 } }).task).toEqual(shown);
  });

  it('tells what the task carries', () => {
    const context = { tenant: 'acme' };
    expect(attemptMessage('main', { ...task, traits: { context } }).task).toEqual({ ...shown, context });
  });
});

describe('noteOutcome', () => {
  it.each<[Partial<Outcome>, object]>([
    [{ kind: 'completed' }, { outcome: 'completed' }],
    [
      { kind: 'failed', error },
      { outcome: 'failed', taskError: error },
    ],
    [
      { kind: 'retry', countsAttempt: true, error },
      { outcome: 'retried', taskError: error },
    ],
    [
      { kind: 'retry', countsAttempt: false, error },
      { outcome: 'snoozed', taskError: error },
    ],
    [{ kind: 'cancelled' }, { outcome: 'cancelled' }],
    [{ kind: 'cancelled', error: undefined } as never, { outcome: 'cancelled' }],
    [{ kind: 'released' }, { outcome: 'released' }],
  ])('of %j', (outcome, told) => {
    const message = attemptMessage('main', task);
    noteOutcome(message, outcome as Outcome);
    expect({ ...message }).toEqual({ store: 'main', task: shown, ...told });
    expect('taskError' in message).toBe('taskError' in told);
  });
});
