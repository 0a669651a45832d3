import { expect, it, onTestFinished } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { patiently } from './retry-while-busy.js';

const busy = (): Error => Object.assign(new Error('busy'), { code: 'SQLITE_BUSY' });

it('what meets a lock is tried again until it does not, with the event loop free', async () => {
  let [attempts, turns] = [0, 0];
  const counting = setInterval(() => (turns += 1), 1);
  const found = await patiently(async () => {
    attempts += 1;
    if (attempts < 4) throw busy();
    return 'found';
  });
  clearInterval(counting);
  expect([found, attempts]).toEqual(['found', 4]);
  expect(turns).toBeGreaterThan(0);
});

it('what fails otherwise is tried once', async () => {
  let attempts = 0;
  const failing = patiently(() => {
    attempts += 1;
    throw new RangeError('no');
  });
  await expect(failing).rejects.toThrow(RangeError);
  expect(attempts).toBe(1);
});

it('half a minute is long enough', async () => {
  const time = new StoppedTime();
  onTestFinished(() => time.goOn());
  let attempts = 0;
  const failing = patiently(() => {
    attempts += 1;
    time.advance(15_000);
    throw busy();
  });
  await expect(failing).rejects.toThrow('busy');
  expect(attempts).toBe(3);
});
