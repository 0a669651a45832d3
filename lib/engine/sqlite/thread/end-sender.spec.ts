import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Outcome } from '../../port/index.js';
import { Channel, messagesOf } from './channel.js';
import { EndSender } from './end-sender.js';
import type { ToThread } from './messages.js';

const COMPLETED: Outcome = { kind: 'completed', maxAttempts: 3, keepFor: 1_000 };
const RETURNED: Outcome = { ...COMPLETED, result: { json: '1', sensitive: [], keepFor: null } };
const FAILED: Outcome = { kind: 'failed', maxAttempts: 3, keepFor: null, error: { name: 'Error', message: 'no' } };

function channelTo(sent: ToThread[][]): Channel<ToThread> {
  return new Channel<ToThread>({ postMessage: (text) => sent.push([...messagesOf<ToThread>(text)]) }, () => undefined);
}

function ran(startedAt: number | null, endedAt: number | null) {
  return { startedAt, endedAt };
}

it('tells of what has completed in one turn by one list, and of whatever else by itself', async () => {
  const sent: ToThread[][] = [];
  const channel = channelTo(sent);
  const sender = new EndSender(7);
  sender.send(channel, 1, COMPLETED, ran(10, 11));
  sender.send(channel, 2, FAILED, ran(10, 12));
  sender.send(channel, 3, COMPLETED, ran(11, 13));
  // Never called: its attempt is not on record.
  sender.send(channel, 4, COMPLETED, ran(null, 14));
  sender.send(channel, 5, { ...COMPLETED, keepFor: null }, ran(12, 15));
  sender.send(channel, 8, RETURNED, ran(12, 15));
  await turn();
  sender.send(channel, 6, COMPLETED, ran(16, 17));
  await turn();
  expect(sent).toEqual([
    [
      ['completed', 7, 3, 1_000, [1, 10, 11, 3, 11, 13]],
      ['settle', 7, 2, FAILED, 10, 12],
      ['settle', 7, 4, COMPLETED, null, 14],
      ['completed', 7, 3, null, [5, 12, 15]],
      ['settle', 7, 8, RETURNED, 12, 15],
    ],
    [['completed', 7, 3, 1_000, [6, 16, 17]]],
  ]);
});

it('keeps an end behind what its task had reported', async () => {
  const sent: ToThread[][] = [];
  const channel = channelTo(sent);
  const sender = new EndSender(7);
  sender.send(channel, 1, COMPLETED, ran(10, 11));
  channel.send(['report', 7, 2, { percent: 50 }, []]);
  sender.keepOrder();
  sender.send(channel, 2, COMPLETED, ran(10, 12));
  await turn();
  expect(sent[0]!.map(([kind]) => kind)).toEqual(['completed', 'report', 'completed']);
});

it('sends nothing of one thread to the next', async () => {
  const [first, second]: [ToThread[][], ToThread[][]] = [[], []];
  const sender = new EndSender(7);
  sender.send(channelTo(first), 1, COMPLETED, ran(10, 11));
  sender.send(channelTo(second), 1, COMPLETED, ran(12, 13));
  await turn();
  expect([first, second]).toEqual([
    [[['completed', 7, 3, 1_000, [1, 10, 11]]]],
    [[['completed', 7, 3, 1_000, [1, 12, 13]]]],
  ]);
});
