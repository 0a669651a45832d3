import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { ATTEMPT_CHANNEL, type AttemptMessage, traceAttempt } from './index.js';

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
const traced = tracingChannel<string, AttemptMessage>(ATTEMPT_CHANNEL);
const ends: Array<() => void> = [];

function messageOf(): AttemptMessage {
  return {
    store: 'default',
    task: { id: '1', queue: 'default', name: 'a', attempt: 1, createdAt: 0, runAt: 0 },
  };
}

/** What is told from here on, in turn. */
function listen(): Array<readonly [string, string | undefined]> {
  const told: Array<readonly [string, string | undefined]> = [];
  for (const event of EVENTS) {
    const hear = (message: unknown): void => void told.push([event, (message as AttemptMessage).outcome]);
    traced[event].subscribe(hear);
    ends.push(() => traced[event].unsubscribe(hear));
  }
  return told;
}

describe('traceAttempt', () => {
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  it('tells of an attempt as a tracing channel does, the outcome once it has ended', async () => {
    const told = listen();
    const running = traceAttempt(
      messageOf(),
      async () => {
        await Promise.resolve();
        return 'completed';
      },
      (message, outcome) => (message.outcome = outcome),
    );
    expect(told).toEqual([
      ['start', undefined],
      ['end', undefined],
    ]);
    expect(await running).toBe('completed');
    expect(told.slice(2)).toEqual([
      ['asyncStart', 'completed'],
      ['asyncEnd', 'completed'],
    ]);
  });

  it('tells of one that could not be led to an end, and passes on why', async () => {
    const told = listen();
    const message = messageOf();
    const cause = new Error('away');
    const note = (): void => undefined;
    await expect(traceAttempt(message, () => Promise.reject(cause), note)).rejects.toBe(cause);
    expect(told.map(([event]) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(message).toMatchObject({ error: cause });

    told.splice(0);
    const surrounded = messageOf();
    surrounded.surround = () => {
      throw cause;
    };
    expect(() => traceAttempt(surrounded, async () => undefined, note)).toThrow(cause);
    expect(told.map(([event]) => event)).toEqual(['start', 'error', 'end']);
  });

  it('runs the attempt within the stores that are bound to its start', async () => {
    const storage = new AsyncLocalStorage<string>();
    traced.start.bindStore(storage, ({ task }) => task.id);
    ends.push(() => traced.start.unbindStore(storage));
    const seen = traceAttempt(
      messageOf(),
      async () => storage.getStore(),
      () => undefined,
    );
    expect(await seen).toBe('1');
    expect(storage.getStore()).toBeUndefined();
  });
});
