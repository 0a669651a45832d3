import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RequestMethod, VersioningType, type CanActivate, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TasksModule } from '../../lib/nest/index.js';
import { ADAPTERS, AdminApp, type AdminAppOptions } from './support/admin-app.js';
import { Handlers } from './support/handlers.js';

const letIn: CanActivate = { canActivate: () => true };

describe.each(ADAPTERS)('where the panel is on %s', (adapter) => {
  let app: AdminApp | undefined;
  afterEach(async () => {
    vi.unstubAllEnvs();
    await app?.stop();
    app = undefined;
  });
  const start = async (options: AdminAppOptions = {}): Promise<AdminApp> => {
    app = await AdminApp.start({ adapter, ...options, tasks: { workers: false, ...options.tasks } });
    return app;
  };
  /** Requests that are the app's own to answer, as any other that nothing is there for. */
  const expectNothingThere = async (): Promise<void> => {
    for (const path of ['/admin/tasks', '/admin/tasks/api/queues', '/admin/tasks/page.js']) {
      expect(await app!.ask('GET', path)).toMatchObject({
        status: 404,
        type: 'application/json',
        body: { message: `Cannot GET ${path}`, error: 'Not Found', statusCode: 404 },
      });
    }
  };

  it.each([false, true])('is nowhere with admin: false (forRootAsync: %s)', async (async) => {
    await start({ async, tasks: { admin: false } });
    await expectNothingThere();
  });

  it.each([false, true])('is nowhere in production without guards (forRootAsync: %s)', async (async) => {
    vi.stubEnv('NODE_ENV', 'production');
    await start({ async });
    await expectNothingThere();
  });

  it.each([false, true])('is there in production with guards (forRootAsync: %s)', async (async) => {
    vi.stubEnv('NODE_ENV', 'production');
    await start({ async, tasks: { admin: { guards: [letIn] } } });
    expect((await app!.get('queues')).status).toBe(200);
  });

  it.each([false, true])('is at the path it was given (forRootAsync: %s)', async (async) => {
    await start({ async, tasks: { admin: { path: 'ops/queue-panel' } } });
    expect((await app!.ask('GET', '/ops/queue-panel')).status).toBe(200);
    expect((await app!.ask('GET', '/ops/queue-panel/api/queues')).status).toBe(200);
    await expectNothingThere();
  });

  it('has the metrics at a route of their own, for whom the panel lets in, or for whom the options say', async () => {
    await start({ tasks: { metrics: { path: '/metrics/' } } });
    const read = await app!.ask('GET', '/metrics');
    expect(read).toMatchObject({ status: 200, type: 'text/plain' });
    expect(read.headers.get('content-type')).toContain('version=0.0.4');
    expect(read.text).toMatch(/^tasks_store_up 1$/m);
    await app!.stop();

    await start({ tasks: { metrics: { path: 'metrics' }, admin: { access: 'key' } } });
    expect(await app!.ask('GET', '/metrics')).toMatchObject({ status: 401, body: { code: 'key_required' } });
    await app!.stop();

    const refuses: CanActivate = { canActivate: () => false };
    await start({ tasks: { metrics: { path: 'metrics', guards: [refuses] }, admin: false } });
    expect(await app!.ask('GET', '/metrics')).toMatchObject({ status: 403, body: { code: 'refused' } });
    await app!.stop();

    vi.stubEnv('NODE_ENV', 'production');
    await start({ tasks: { metrics: { path: 'metrics' } } });
    expect((await app!.ask('GET', '/metrics')).status).toBe(404);
    await app!.stop();

    await start({ tasks: { metrics: { path: 'metrics', access: 'open' }, admin: false } });
    expect((await app!.ask('GET', '/metrics')).status).toBe(200);
    await expectNothingThere();
    await app!.stop();

    await expect(start({ tasks: { metrics: { path: 'metrics' }, admin: false } })).rejects.toThrow(
      /^"metrics\.path": the route is guarded as the panel is, and there is none/,
    );
    await expect(start({ tasks: { metrics: {} as never } })).rejects.toThrow(/"?metrics"? must have a path/);
    app = undefined;
  });

  it('is under the global prefix, and takes bodies there', async () => {
    await start({ configure: (nest) => void nest.setGlobalPrefix('api/v1') });
    const at = '/api/v1/admin/tasks';
    expect((await app!.ask('GET', at)).text).toContain('href="./tasks/page.css');
    expect((await app!.ask('GET', `${at}/`)).text).toContain('href="./page.css');
    const broken = { body: '{', headers: { 'Content-Type': 'application/json' } };
    expect(await app!.ask('POST', `${at}/api/tasks`, broken)).toMatchObject({
      status: 400,
      body: { code: 'invalid_json' },
    });
  });

  it('is without the global prefix where it is excluded from it', async () => {
    const exclude = [{ path: 'admin/tasks{/*rest}', method: RequestMethod.ALL }];
    await start({ configure: (nest) => void nest.setGlobalPrefix('api', { exclude }) });
    const task = { queue: 'default', name: 'greet', params: {} };
    expect((await app!.ask('GET', '/admin/tasks')).status).toBe(200);
    expect((await app!.post('tasks', task)).status).toBe(201);
  });

  it.each([
    ['by URI', { type: VersioningType.URI, defaultVersion: '1' }],
    ['by header', { type: VersioningType.HEADER, header: 'X-Version', defaultVersion: '1' }],
  ] as const)('is the same in every version (%s)', async (_how, versioning) => {
    await start({ configure: (nest) => void nest.enableVersioning(versioning) });
    expect((await app!.get('queues')).status).toBe(200);
    expect((await app!.ask('GET', '/admin/tasks/')).status).toBe(200);
    expect((await app!.get('queues', { headers: { 'X-Version': '7' } })).status).toBe(200);
  });

  it('leaves what is beside its own routes to the app', async () => {
    await start();
    expect(await app!.ask('GET', '/admin/tasks/other')).toMatchObject({ status: 404, type: 'application/json' });
  });

  it('shows each store at a path of its own', async () => {
    const second = TasksModule.forRoot({
      name: 'second',
      database: ':memory:',
      configFile: false,
      workers: { other: 1 },
      admin: { access: 'local' },
    });
    await start({ imports: [second] });
    const queues = async (path: string): Promise<string[]> =>
      ((await app!.ask('GET', `${path}/api/queues`)).body as Array<{ queue: string }>).map(({ queue }) => queue);
    expect(await queues('/admin/tasks')).not.toContain('other');
    expect(await queues('/admin/tasks-second')).toContain('other');
    expect((await app!.ask('GET', '/admin/tasks-second')).text).toContain('data-store="second"');
  });

  it('stops the boot where two stores have the same path', async () => {
    const second = TasksModule.forRoot({
      name: 'second',
      database: ':memory:',
      configFile: false,
      admin: { path: 'admin/tasks' },
    });
    await expect(start({ imports: [second] })).rejects.toThrow(/"default".*"second"|"second".*"default"/);
  });

  it('is there in a testing module, which gets its adapter late', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'nestjs-tasks-admin-'));
    const tasks = TasksModule.forRoot({
      database: join(directory, 'tasks.db'),
      configFile: false,
      workers: false,
      admin: { access: 'local' },
    });
    const compiled = await Test.createTestingModule({ imports: [tasks], providers: [Handlers] }).compile();
    const nest: INestApplication = compiled.createNestApplication(
      adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
      { logger: false },
    );
    await nest.listen(0, '127.0.0.1');
    const url = `${await nest.getUrl()}/admin/tasks/api/tasks`;
    const headers = { 'Content-Type': 'application/json' };
    const broken = await fetch(url, { method: 'POST', body: '{', headers });
    expect(broken.status).toBe(400);
    expect(broken.headers.get('content-type')).toContain('application/problem+json');
    const body = JSON.stringify({ queue: 'default', name: 'greet', params: { text: 'x'.repeat(500_000) } });
    expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(201);
    await nest.close();
    await rm(directory, { recursive: true, force: true });
  });
});

it('asks nothing of a process without HTTP', async () => {
  const needy = class implements CanActivate {
    constructor() {
      throw new Error('There is no request to guard here');
    }
    canActivate(): boolean {
      return false;
    }
  };
  const tasks = TasksModule.forRoot({
    database: ':memory:',
    configFile: false,
    workers: false,
    admin: { guards: [needy] },
  });
  const context = await NestFactory.createApplicationContext(
    { module: class Worker {}, imports: [tasks], providers: [Handlers] },
    { logger: false, abortOnError: false },
  );
  expect((await context.get(TaskDispatcher).stats()).length).toBeGreaterThan(0);
  await context.close();
});
