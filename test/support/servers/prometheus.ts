import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireProgram } from './program.js';
import { freePort, ServerProcess } from './server-process.js';

export interface ScrapedApp {
  /** Where it listens on this machine. */
  readonly port: number;
  /** Path of its metrics. */
  readonly path: string;
  /** What Prometheus sends as a bearer token. */
  readonly credentials?: string;
}

/** What Prometheus says of one of its rules. */
export interface EvaluatedRule {
  readonly name: string;
  readonly query: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

/** A real Prometheus that scrapes an app on this machine every second. */
export class Prometheus {
  private constructor(
    private readonly origin: string,
    private readonly server: ServerProcess,
  ) {}

  /** @param rules path of a file of rules, which it evaluates every second */
  static async start({ port: appPort, path, credentials }: ScrapedApp, rules: string): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-prometheus-'));
    const port = await freePort();
    const app = {
      job_name: 'app',
      metrics_path: path,
      static_configs: [{ targets: [`127.0.0.1:${appPort}`] }],
      ...(credentials === undefined ? {} : { authorization: { credentials } }),
    };
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [app],
    };
    const file = join(folder, 'prometheus.yml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config));
    const origin = `http://127.0.0.1:${port}`;
    const server = new ServerProcess(
      requireProgram('prometheus'),
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      folder,
      { env: { ...process.env, GOMAXPROCS: '1' } },
      async () => {
        const { status } = await fetch(`${origin}/-/ready`);
        if (status !== 200) throw new Error(`Prometheus is not ready: ${status}`);
      },
    );
    await server.start();
    return new Prometheus(origin, server);
  }

  /** What the query gives now. @throws Error with Prometheus' own words where it refuses the query */
  async query(query: string): Promise<readonly unknown[]> {
    const { result } = await this.ask<{ result: readonly unknown[] }>('query', { query });
    return result;
  }

  /** The values of a label. @param metric whose label it is; all metrics without it */
  labelValues(label: string, metric?: string): Promise<readonly string[]> {
    return this.ask(`label/${label}/values`, metric === undefined ? {} : { 'match[]': metric });
  }

  async rules(): Promise<readonly EvaluatedRule[]> {
    const { groups } = await this.ask<{ groups: ReadonlyArray<{ rules: readonly EvaluatedRule[] }> }>('rules', {});
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    await this.server.remove('SIGTERM');
  }

  private async ask<Data>(path: string, parameters: Record<string, string>): Promise<Data> {
    const response = await fetch(`${this.origin}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as { status: string; data: Data; error?: string };
    if (answer.status !== 'success')
      throw new Error(`Prometheus refuses ${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  }
}
