import 'reflect-metadata';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, IN_MEMORY, tempDirectory } from './support.js';

const HOUR_MS = 3_600_000;

class Handlers {
  @TaskHandler('work')
  work(): void {}
}

it('tells the same of a window that is asked for again and again as of one that is asked for once', async () => {
  const clock = new ManualClock(Date.UTC(2027, 0, 1, 9, 17));
  const tasks = { ...IN_MEMORY, database: join(tempDirectory(), 'tasks.db'), clock };
  const boot = async () => dispatcherOf(await bootApp({ tasks, providers: [Handlers] }));
  const asking = await boot();
  const windows = ['30m', '1d', '7d'] as const;
  for (let round = 0; round < 6; round += 1) {
    for (let count = 0; count <= round; count += 1) await ended(asking, (await asking.queue('default', 'work', {})).id);
    for (const window of windows) await asking.metrics({ window });
    clock.advance(round * 0.4 * HOUR_MS);
  }
  const asked = await boot();
  for (const window of windows) {
    const metrics = await asking.metrics({ window });
    expect(metrics, window).toEqual(await asked.metrics({ window }));
    expect(metrics.points.map(({ at }) => at)).toEqual(
      metrics.points.map((_, index) => metrics.from + index * metrics.step),
    );
  }
  const { points } = await asking.metrics({ window: '7d' });
  expect(points.reduce((sum, { completed }) => sum + completed, 0)).toBe(21);
});
