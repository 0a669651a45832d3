import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AlertWatch } from '../../lib/alerts/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { bootApp, dispatcherOf, tempDirectory } from '../module/support.js';
import { describeAlerts, Jobs, Pager } from './alerts.suite.js';

const MINUTE_MS = 60_000;

describeAlerts('in a file', async () => ({ database: join(tempDirectory(), 'tasks.db') }));

it('stays raised while its rule is kept by less than a fifth', async () => {
  const clock = new ManualClock(Date.UTC(2027, 0, 1));
  const queues = { slow: { concurrency: 0 }, pages: { concurrency: 0 } };
  const alerts = { task: 'page_ops', every: '1h', rules: { late: { queue: 'slow', latency: '5m' } } };
  const app = await bootApp({ tasks: { clock, queues, alerts }, providers: [Jobs, Pager] });
  const tasks = dispatcherOf(app);
  const looks = async (count: number): Promise<number> => {
    for (let look = 0; look < count; look += 1) await app.get(AlertWatch).look();
    return (await tasks.list({ queue: 'pages' })).items.length;
  };
  const first = await tasks.queue('slow', 'good', {});
  clock.advance(1.5 * MINUTE_MS);
  const second = await tasks.queue('slow', 'good', {});
  clock.advance(4.5 * MINUTE_MS);
  expect(await looks(2)).toBe(1);
  await tasks.cancel(first.id);
  expect(await looks(4)).toBe(1);
  await tasks.cancel(second.id);
  expect(await looks(2)).toBe(2);
});
