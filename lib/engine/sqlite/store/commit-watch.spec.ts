import { expect, it } from 'vitest';
import { CommitWatch } from './commit-watch.js';
import { openConnection } from './open-connection.js';
import { Writer } from './writer.js';

const LOGGER = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Timers that keep the process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

it('looks no more once it was stopped, also where the work force leaves after that', async () => {
  const connection = await openConnection(':memory:', 'full');
  const before = timers();
  const watch = new CommitWatch(connection, new Writer(connection, null, LOGGER), LOGGER, () => undefined);
  watch.keepAwake(true);
  expect(timers()).toBe(before + 1);
  watch.stop();
  expect(timers()).toBe(before);
  watch.keepAwake(false);
  watch.keepAwake(true);
  expect(timers()).toBe(before);
  await connection.close();
});
