import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { CronSchedules } from '../../lib/cron/index.js';
import { type BullmqOptions, bullmq } from '../../lib/engine/bullmq/index.js';
import { Cron } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { until } from '../support/until.js';

const TEN_MINUTES = 600_000;

/** The clock of the machine, as the library and BullMQ see it in this file. */
const machine = vi.hoisted(() => ({ ahead: 0 }));

vi.mock('../../lib/clock/machine-time.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../lib/clock/machine-time.js')>();
  return { ...original, wallTime: () => original.wallTime() + machine.ahead };
});

const SERVERS = {
  redis: async () => {
    const server = await RedisServer.start();
    return {
      engine: async () => ({ connection: { host: server.host, port: server.port } }),
      remove: () => server.remove(),
    };
  },
  postgres: async () => {
    const server = await PostgresServer.start();
    return { engine: async () => ({ postgres: await server.createDatabase() }), remove: () => server.remove() };
  },
} satisfies Record<string, () => Promise<{ engine(): Promise<BullmqOptions>; remove(): Promise<void> }>>;

for (const program of ['redis', 'postgres'] as const) {
  describeWith(program, `a clock that was ten minutes ahead, with tasks in ${program}`, () => {
    let server: Awaited<ReturnType<(typeof SERVERS)[typeof program]>>;
    beforeAll(async () => {
      server = await SERVERS[program]();
    });
    afterAll(() => server.remove(), 120_000);

    it('leaves cron silent for seconds at most when it is right again, and has no tick run twice', async () => {
      const now = Date.now.bind(Date);
      const spy = vi.spyOn(Date, 'now').mockImplementation(() => now() + machine.ahead);
      onTestEnd(() => {
        machine.ahead = 0;
        spy.mockRestore();
      });
      class Jobs {
        @Cron('* * * * * *', { name: 'every_second', timeZone: 'UTC' })
        tick(): void {}
      }
      const tasks = { database: undefined, engine: bullmq(await server.engine()), lease: 1_000, queues: {} };
      const app = await bootApp({ tasks, providers: [Jobs] });
      const ticks = async () => {
        const { items } = await dispatcherOf(app).list({ name: 'every_second', limit: 500 });
        return items.map(({ runAt }) => runAt);
      };
      await until('a tick', async () => (await ticks()).length > 0);
      machine.ahead = TEN_MINUTES;
      await until('a tick by the clock that is ahead', async () => {
        const due = now() + TEN_MINUTES / 2;
        return (await ticks()).some((tick) => tick > due);
      });
      machine.ahead = 0;
      const backAt = now();
      const isBack = (tick: number): boolean => tick > backAt && tick < backAt + TEN_MINUTES / 2;
      await until('ticks by the clock as it is', async () => (await ticks()).filter(isBack).length >= 2);
      const all = await ticks();
      expect(new Set(all).size).toBe(all.length);
      const { nextRunAt } = await app.get(CronSchedules).get('every_second');
      expect(nextRunAt).toBeLessThan(now() + TEN_MINUTES / 2);
    });
  });
}
