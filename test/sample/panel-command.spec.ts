import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cron, TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { useProgram } from '../support/run/use-program.js';
import { ServerProcess } from './support/server-process.js';

@Injectable()
class Shop {
  @TaskHandler('print_label', { queue: 'labels' })
  printLabel(): void {}

  @Cron('0 3 * * *', { name: 'stock_taking' })
  takeStock(): void {}
}

interface Listed {
  items: { id: string; name: string; state: string }[];
}

describe('nestjs-tasks panel', () => {
  const cli = useProgram('src/main');
  let folder: string;
  let file: string;
  let taskId: string;
  let panel: ServerProcess | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-panel-'));
    file = join(folder, 'shop.db');
    const app = await NestFactory.createApplicationContext(
      {
        module: class AppModule {},
        imports: [TasksModule.forRoot({ database: file, configFile: false, workers: false, queues: { labels: {} } })],
        providers: [Shop],
      },
      { logger: false },
    );
    taskId = (await app.get(TaskDispatcher).queueIn('labels', '1h', 'print_label', { order: 7 })).id;
    await app.close();
  });
  afterEach(async () => {
    await panel?.end('SIGKILL');
    panel = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(options: string[] = [], env?: NodeJS.ProcessEnv): Promise<ServerProcess> {
    const args = [cli.file, 'panel', '--database', file, '--port', '0', ...options];
    panel = await ServerProcess.start(args, { cwd: folder, env });
    return panel;
  }

  it("shows the store's tasks, queues and crons at an address that it prints", async () => {
    const { url, output, ...server } = await open().then((started) => ({
      url: started.url,
      output: started.output,
      get: started.get.bind(started),
    }));
    expect(output).toMatch(/#key=[\w-]{43} /);
    expect(output).toContain(`Panel of ${file}: ${url}/admin/tasks#key=`);
    expect((await server.get('/')).status).toBe(302);
    expect((await server.get<string>('/admin/tasks')).body).toContain('<html');
    expect((await server.get<Listed>('/admin/tasks/api/tasks')).body.items).toMatchObject([
      { id: taskId, name: 'print_label', state: 'scheduled' },
    ]);
    const queues = JSON.stringify((await server.get('/admin/tasks/api/queues')).body);
    expect(queues).toContain('labels');
    const crons = JSON.stringify((await server.get('/admin/tasks/api/crons')).body);
    expect(crons).toContain('stock_taking');
  });

  it('acts on tasks and queues, and enqueues', async () => {
    const server = await open();
    expect((await server.post(`/admin/tasks/api/tasks/${taskId}/run-now`)).body).toMatchObject({ state: 'available' });
    expect((await server.post('/admin/tasks/api/queues/labels/pause')).status).toBeLessThan(300);
    const added = await server.post('/admin/tasks/api/tasks', {
      queue: 'labels',
      name: 'print_label',
      params: { order: 8 },
    });
    expect(added).toMatchObject({ status: 201, body: { state: 'available' } });
  });

  it('refuses every change when it is read-only', async () => {
    const server = await open(['--read-only']);
    expect(server.output).toContain('(read-only)');
    expect((await server.post(`/admin/tasks/api/tasks/${taskId}/cancel`)).status).toBe(403);
    const { body } = await server.get(`/admin/tasks/api/tasks/${taskId}`);
    expect(body).toMatchObject({ state: 'scheduled' });
  });

  it('answers where NODE_ENV says production, too', async () => {
    const server = await open([], { NODE_ENV: 'production' });
    expect((await server.get('/admin/tasks/api/tasks')).status).toBe(200);
  });

  it('answers nobody without the key', async () => {
    const server = await open();
    for (const path of ['', '/page.js', '/api/tasks', '/api/events']) {
      expect((await fetch(`${server.url}/admin/tasks${path}`)).status, path).toBe(401);
    }
    const cancelled = await fetch(`${server.url}/admin/tasks/api/tasks/${taskId}/cancel`, { method: 'POST' });
    expect(cancelled.status).toBe(401);
    const { body } = await server.get(`/admin/tasks/api/tasks/${taskId}`);
    expect(body).toMatchObject({ state: 'scheduled' });
  });

  it('has the key of the store, whoever opens it next', async () => {
    const first = (await open()).key;
    await panel!.end();
    expect((await open()).key).toBe(first);
  });

  it('answers nobody who came through a proxy', async () => {
    const server = await open();
    const forwarded = await fetch(`${server.url}/admin/tasks/api/tasks`, {
      headers: { 'x-forwarded-for': '192.0.2.1' },
    });
    expect(forwarded.status).toBe(403);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with success on %s', async (signal) => {
    expect(await (await open()).end(signal)).toBe(0);
  });

  it('says plainly that a port is in use', async () => {
    const port = new URL((await open()).url).port;
    const args = [cli.file, 'panel', '--database', file, '--port', port];
    const second = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(second.stderr).toBe(
      `nestjs-tasks: Port ${port} on 127.0.0.1 is in use. Choose another with --port, or --port 0 for any free one.\n`,
    );
    expect(second.status).toBe(1);
  });
});
