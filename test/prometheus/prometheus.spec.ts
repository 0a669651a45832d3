import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { CONTENT_TYPE } from '../../lib/metrics/exposition.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { AdminApp } from '../admin/support/admin-app.js';
import { PanelLog } from '../admin/support/panel-log.js';
import { describeWith } from '../support/servers/find-program.js';
import { requireProgram } from '../support/servers/program.js';
import { Prometheus } from '../support/servers/prometheus.js';
import { until } from '../support/until.js';
import { asGrafanaSends, labelQueries, panelQueries } from './dashboard.js';

const ALERTS = resolve('docs/dashboards/alerts.yml');
/** Its tasks are in a database of the app's, which this app has not. */
const OUTBOX = /tasks_outbox_/;

/** Names and texts that a careless writer of the format would break on. */
const ODD = 'odd "name"\\, {braces}';

class Jobs {
  @TaskHandler('good')
  good(): void {}

  @TaskHandler('bad', { maxRetries: 0 })
  bad(): never {
    throw new Error('for good');
  }

  @TaskHandler(ODD, { maxRetries: 1, retryDelay: 0 })
  odd(_params: object, task: TaskContext): void {
    if (task.attempt === 1) throw new TypeError('once');
  }

  @Cron('0 0 1 1 *', { name: 'yearly' })
  yearly(): void {}
}

function promtool(args: readonly string[], input = ''): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(requireProgram('promtool'), args, { input, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

describeWith('prometheus', 'what Prometheus is given', () => {
  const stops: Array<() => Promise<void>> = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  async function start(): Promise<{ readonly app: AdminApp; readonly key: string }> {
    const logger = new PanelLog();
    const app = await AdminApp.start({
      providers: [Jobs],
      create: { logger },
      tasks: {
        metrics: { path: 'metrics' },
        admin: { access: 'key' },
        queues: { default: {}, keyed: { key: { concurrency: 1 } } },
      },
    });
    stops.push(() => app.stop());
    return { app, key: await logger.key() };
  }

  /** A task of each outcome that counts, and one that waits. */
  async function work({ dispatcher }: AdminApp): Promise<void> {
    const run = [];
    for (const name of ['good', 'bad', ODD]) run.push(await dispatcher.queue('default', name, {}));
    await dispatcher.queueIn('default', '1h', 'good', {});
    for (const { id } of run) {
      await until('its end', async () => (await dispatcher.get(id)).finishedAt !== null, { changes: dispatcher });
    }
  }

  it('is read by its own parser, which finds nothing to complain of', async () => {
    const { app, key } = await start();
    await work(app);
    const { headers, text } = await app.ask('GET', '/metrics', { headers: { authorization: `Bearer ${key}` } });
    expect(headers.get('content-type')).toBe(CONTENT_TYPE);
    expect(text).toContain('outcome="retried"');
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, said: '' });
    expect(promtool(['check', 'metrics'], text.replace('outcome="retried"', 'outcome=retried')).status).not.toBe(0);
  });

  it('is scraped with the key of the panel, and answers every query of the dashboard and every rule', async () => {
    const { app, key } = await start();
    const prometheus = await Prometheus.start({ port: app.port, path: '/metrics', credentials: key }, ALERTS);
    stops.push(() => prometheus.stop());
    // Counters have to be seen before they grow, and after it.
    await app.dispatcher.queue('default', 'good', {});
    await until('a first scrape', async () => (await prometheus.query('tasks_enqueued_total')).length > 0);
    await work(app);
    await until('all outcomes', async () => {
      const query = 'count(count by (outcome) (rate(tasks_attempts_total[5m]))) == 3';
      return (await prometheus.query(query)).length > 0;
    });

    const queries = panelQueries();
    expect(queries.length).toBeGreaterThan(20);
    const silent = queries.filter((query) => OUTBOX.test(query));
    expect(silent).toHaveLength(2);
    for (const query of queries) {
      const sent = asGrafanaSends(query);
      if (silent.includes(query)) expect(await prometheus.query(sent), sent).toEqual([]);
      else await until(`an answer to ${sent}`, async () => (await prometheus.query(sent)).length > 0);
    }
    for (const query of labelQueries()) {
      const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query)!;
      expect(await prometheus.labelValues(label!, metric), query).toEqual(['default', 'keyed']);
    }
    expect(await prometheus.labelValues('name', 'tasks_attempts_total')).toContain(ODD);

    const rules = await until('every rule to be evaluated', async () => {
      const evaluated = await prometheus.rules();
      return evaluated.every(({ health }) => health !== 'unknown') && evaluated;
    });
    expect(rules.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['TasksFail', 'TasksWaitLong', 'TasksNobodyWorks', 'TasksStuck']),
    );
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    // Each can be broken by what this app exports: only the rules about outbox and absence name what is not there.
    const metrics = await prometheus.labelValues('__name__');
    const named = rules
      .filter(({ name }) => name !== 'TasksOutboxWaits')
      .flatMap(({ query }) => query.match(/tasks_\w+/g)!);
    expect([...new Set(named)].filter((metric) => !metrics.includes(metric))).toEqual([]);
  });

  it('has rules that are raised by what they say, and by nothing that comes close', () => {
    expect(promtool(['check', 'rules', ALERTS])).toMatchObject({ status: 0 });
    const { status, said } = promtool(['test', 'rules', 'test/prometheus/alerts.test.yml']);
    expect(said).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});
