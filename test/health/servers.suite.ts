import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { type HealthReport, TasksHealth } from '../../lib/health/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended } from '../module/support.js';
import { TcpProxy } from '../support/servers/tcp-proxy.js';
import { until } from '../support/until.js';

class Jobs {
  @TaskHandler('work')
  work(): void {}
}

export interface ServerSite {
  readonly port: number;
  /** A store on the server, reached through `port`. */
  store(port: number): Promise<TasksModuleRootOptions>;
}

/** Probes of an app whose server is lost, or hangs; the app itself goes on. */
export function describeLostServer(name: string, join: () => Promise<ServerSite>): void {
  describe(`health of an app on ${name}`, () => {
    let proxy: TcpProxy;
    let site: ServerSite;

    beforeEach(async () => {
      site = await join();
      proxy = await TcpProxy.start(site.port);
    });
    afterEach(() => proxy.close());

    async function boot() {
      const app = await bootApp({ tasks: await site.store(proxy.port), providers: [Jobs] });
      const tasks = dispatcherOf(app);
      await ended(tasks, (await tasks.queue('default', 'work', {})).id);
      const health = app.get(TasksHealth);
      const live = (): Promise<HealthReport> => health.live({ stuck: 500, blocked: '1h', timeout: 500 });
      const ready = (): Promise<HealthReport> => health.ready({ timeout: 500 });
      return { live, ready, tasks };
    }

    const bad = (probe: () => Promise<HealthReport>): Promise<string> =>
      until('a bad report', async () => {
        const { ok, problems } = await probe();
        return !ok && problems.join('\n');
      });
    const good = (probe: () => Promise<HealthReport>) => until('a good report', async () => (await probe()).ok);

    it.each([
      ['is lost', (server: TcpProxy) => server.refuse(), /./],
      ['hangs', (server: TcpProxy) => server.swallow(), /took longer than 0\.5 s/],
    ])('is bad while the server %s, and good once it answers again', async (_how, fail, says) => {
      const { live, ready, tasks } = await boot();
      await good(live);
      await good(ready);
      fail(proxy);
      const notReady = await bad(ready);
      expect(notReady).toMatch(/^The store takes nothing: /);
      expect(notReady).toMatch(says);
      const notLive = await bad(live);
      expect(notLive).toMatch(/^The store has not answered for \d/);
      expect(notLive).toMatch(says);
      proxy.forward();
      // What hangs is given up by its driver, or by whoever asked.
      proxy.dropAll();
      await good(live);
      await good(ready);
      await ended(tasks, (await tasks.queue('default', 'work', {})).id);
    });
  });
}
