import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TasksModule, type TasksModuleOptions } from '../../lib/index.js';
import { ADAPTERS, AdminApp, type AdminAppOptions, type Answer } from './support/admin-app.js';
import { PanelLog } from './support/panel-log.js';

const EVERY_KIND = [
  ['GET', ''],
  ['GET', '/'],
  ['HEAD', ''],
  ['GET', '/page.js'],
  ['GET', '/page.css'],
  ['POST', '/session'],
  ['GET', '/api/queues'],
  ['GET', '/api/events'],
  ['HEAD', '/api/events'],
  ['GET', '/api/unknown'],
  ['POST', '/api/tasks'],
  ['POST', '/api/queues/default/pause'],
  ['DELETE', '/api/tasks/1'],
] as const;

const bearer = (key: string): RequestInit => ({ headers: { Authorization: `Bearer ${key}` } });

describe.each(ADAPTERS)('the key of the panel on %s', (adapter) => {
  let app: AdminApp | undefined;
  let log: PanelLog;
  afterEach(async () => {
    vi.unstubAllEnvs();
    await app?.stop();
    app = undefined;
  });
  const start = async (options: AdminAppOptions = {}): Promise<AdminApp> => {
    log = new PanelLog();
    app = await AdminApp.start({
      adapter,
      ...options,
      create: { logger: log },
      tasks: { workers: false, ...options.tasks, admin: { access: 'key', ...options.tasks?.admin } },
    });
    return app;
  };
  const signIn = async (key: string, headers: Record<string, string> = {}): Promise<Answer> =>
    app!.ask('POST', '/admin/tasks/session', { headers: { Authorization: `Bearer ${key}`, ...headers } });

  it.each([false, true])('is wanted where nothing is said (forRootAsync: %s)', async (async) => {
    await start({ async, tasks: { admin: { access: undefined } } });
    expect((await app!.get('queues')).status).toBe(401);
    expect((await app!.get('queues', bearer(await log.key()))).status).toBe(200);
  });

  it('is wanted for everything that the panel answers, and nothing is done without it', async () => {
    await start();
    for (const [method, path] of EVERY_KIND) {
      for (const init of [{}, bearer('wrong'), { headers: { Cookie: 'nestjs-tasks=wrong' } }]) {
        const answer = await app!.ask(method, `/admin/tasks${path}`, init);
        expect(answer.status, `${method} ${path}`).toBe(401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('set-cookie')).toBeNull();
      }
    }
    expect((await app!.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
    expect((await app!.dispatcher.list({})).items).toEqual([]);
  });

  it('is asked for by a problem document that says how to send it', async () => {
    await start();
    const missing = await app!.get('queues');
    expect(missing).toMatchObject({ type: 'application/problem+json', body: { code: 'key_required', status: 401 } });
    expect(missing.text).toContain('Authorization: Bearer');
    const wrong = await app!.get('queues', bearer('wrong'));
    expect(wrong).toMatchObject({ body: { code: 'key_required', detail: expect.stringContaining('not the key') } });
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('lets a program in by a bearer token, for reads, changes and live changes', async () => {
    await start();
    const key = await log.key();
    expect(key).toMatch(/^[\w-]{43}$/);
    const created = await app!.post('tasks', { queue: 'default', name: 'greet', params: {} }, bearer(key));
    expect(created.status).toBe(201);
    const { id } = created.body as { id: string };
    expect((await app!.get(`tasks/${id}`, bearer(key))).status).toBe(200);
    expect((await app!.delete(`tasks/${id}`, bearer(key))).status).toBe(204);
    const aborter = new AbortController();
    const events = await fetch(`${app!.origin}/admin/tasks/api/events`, { ...bearer(key), signal: aborter.signal });
    expect(events.headers.get('content-type')).toContain('text/event-stream');
    aborter.abort();
  });

  it('is changed for a cookie that no script reads and no other site sends', async () => {
    await start();
    const signedIn = await signIn(await log.key());
    expect(signedIn.status).toBe(204);
    const [pair, ...attributes] = signedIn.headers.get('set-cookie')!.split('; ');
    expect(attributes).toEqual(expect.arrayContaining(['HttpOnly', 'SameSite=Strict']));
    expect(attributes).not.toContain('Secure');
    // The browser then takes the path of the request: the panel's.
    expect(attributes.join()).not.toMatch(/path|domain/i);
    expect(pair).not.toContain(await log.key());

    const cookie = { headers: { Cookie: `theme=dark; ${pair}; other=1` } };
    const page = await app!.ask('GET', '/admin/tasks', cookie);
    expect(page).toMatchObject({ status: 200, type: 'text/html' });
    expect(page.text).toContain('page.js');
    expect((await app!.get('queues', cookie)).status).toBe(200);
    expect((await app!.post('queues/default/pause', undefined, cookie)).status).toBe(200);
    // It is no key.
    expect((await app!.get('queues', bearer(pair!.split('=')[1]!))).status).toBe(401);
    // What is meant to be a key counts, whatever cookie comes with it.
    expect((await app!.get('queues', { headers: { Cookie: pair!, Authorization: 'Bearer wrong' } })).status).toBe(401);
  });

  it('has its cookie sent over HTTPS alone where the browser came by it', async () => {
    const { origin } = await start();
    const key = await log.key();
    const secure = await signIn(key, { Origin: origin.replace('http:', 'https:'), 'Sec-Fetch-Site': 'same-origin' });
    expect(secure.headers.get('set-cookie')).toContain('; Secure');
  });

  it('does not make up for a page of another origin, also with the cookie that it may have sent', async () => {
    await start();
    const Cookie = (await signIn(await log.key())).headers.get('set-cookie')!.split('; ')[0]!;
    const foreign: Array<Record<string, string>> = [
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'http://127.0.0.1:1' },
    ];
    for (const from of foreign) {
      expect((await app!.get('queues', { headers: { Cookie, ...from } })).status).toBe(403);
      expect((await app!.post('queues/default/pause', undefined, { headers: { Cookie, ...from } })).status).toBe(403);
    }
    expect((await signIn(await log.key(), { Origin: 'http://evil.example' })).status).toBe(403);
  });

  it('does not make up for another machine', async () => {
    await start();
    const init = { headers: { Authorization: `Bearer ${await log.key()}`, 'X-Forwarded-For': '198.51.100.7' } };
    expect(await app!.get('queues', init)).toMatchObject({ status: 403, body: { code: 'not_local' } });
  });

  it('is asked for by a page that holds nothing of the panel', async () => {
    await start();
    await app!.dispatcher.queue('default', 'greet', { to: 'Ada' });
    const answer = await app!.ask('GET', '/admin/tasks', { headers: { 'Sec-Fetch-Mode': 'navigate' } });
    expect(answer).toMatchObject({ status: 401, type: 'text/html' });
    expect(answer.text).toContain('data-session="./tasks/session"');
    expect((await app!.ask('GET', '/admin/tasks/')).text).toContain('data-session="./session"');
    expect(answer.text).not.toMatch(/greet|Ada|data-store|page\.js|page\.css|https?:/);
    expect(answer.text).not.toContain(await log.key());
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    // What is inline is known by its hash, and nothing else runs.
    expect(policy).toMatch(/script-src 'sha256-[^']+';.*style-src 'sha256-[^']+';/);
    expect(answer.text).not.toMatch(/\son\w+=|\sstyle=/);
  });

  it('opens a read-only panel too, which stays so', async () => {
    await start({ tasks: { admin: { readOnly: true } } });
    const key = await log.key();
    expect((await signIn(key)).status).toBe(204);
    const refused = await app!.post('queues/default/pause', undefined, bearer(key));
    expect(refused).toMatchObject({ status: 403, body: { code: 'read_only' } });
  });

  it('is the same after a restart, and for every process of the store', async () => {
    await start();
    const key = await log.key();
    const tasks: TasksModuleOptions = { database: app!.database, workers: false };
    const others: AdminApp[] = [];
    for (let process = 0; process < 2; process++) {
      const own = new PanelLog();
      others.push(
        await AdminApp.start({ adapter, tasks: { ...tasks, admin: { access: 'key' } }, create: { logger: own } }),
      );
      expect(await own.key()).toBe(key);
    }
    for (const other of others) {
      expect((await other.get('queues', bearer(key))).status).toBe(200);
      await other.stop();
    }
  });

  it('is taken anew from a store that has lost it, without a restart', async () => {
    await start();
    const old = await log.key();
    const lose = (): void => {
      const database = new Database(app!.database);
      database.exec("DELETE FROM tasks_secret WHERE name = 'panel-key'");
      database.close();
    };
    lose();
    const own = new PanelLog();
    const tasks: TasksModuleOptions = { database: app!.database, workers: false, admin: { access: 'key' } };
    const later = await AdminApp.start({ adapter, tasks, create: { logger: own } });
    const key = await own.key();
    expect(key).not.toBe(old);
    const session = await later.ask('POST', '/admin/tasks/session', bearer(key));
    await later.stop();
    const Cookie = session.headers.get('set-cookie')!.split('; ')[0]!;
    // The cookie of a key that this process has not heard of.
    expect((await app!.get('queues', { headers: { Cookie } })).status).toBe(200);
    expect((await app!.get('queues', bearer(key))).status).toBe(200);
    expect((await app!.get('queues', bearer(old))).status).toBe(401);

    lose();
    // Nest has one logger: that of the app that was made last.
    own.lines.length = 0;
    expect((await app!.get('queues', bearer('wrong'))).status).toBe(401);
    const made = await own.key();
    expect([old, key]).not.toContain(made);
    expect((await app!.get('queues', bearer(made))).status).toBe(200);
    expect((await app!.get('queues', bearer(key))).status).toBe(401);
    expect((await app!.get('queues', { headers: { Cookie } })).status).toBe(401);
  });

  it('is another for each store, and so is the name of its cookie', async () => {
    const second = TasksModule.forRoot({ name: 'second', database: ':memory:', configFile: false, workers: false });
    await start({ imports: [second] });
    const key = await log.key();
    expect((await app!.ask('GET', '/admin/tasks-second/api/queues', bearer(key))).status).toBe(401);
    await vi.waitUntil(() => log.lines.some((line) => line.startsWith('Panel of the store "second":')), 25_000);
    const line = log.lines.find((text) => text.startsWith('Panel of the store "second":'))!;
    const url = new URL(line.split(' ').at(-1)!);
    expect(url.pathname).toBe('/admin/tasks-second');
    const other = url.hash.replace('#key=', '');
    expect(other).not.toBe(key);
    const session = await app!.ask('POST', '/admin/tasks-second/session', bearer(other));
    const name = (answer: Answer): string => answer.headers.get('set-cookie')!.split('=')[0]!;
    expect(name(session)).not.toBe(name(await signIn(key)));
  });

  it('is in the log once, with the address, and nowhere else', async () => {
    await start();
    const key = await log.key();
    const address = await log.address();
    expect(address.href).toBe(`${app!.origin}/admin/tasks#key=${key}`);
    await app!.get('queues');
    await app!.get('queues', bearer(key));
    await app!.get('queues', bearer(`${key}x`));
    await app!.get('tasks/none', bearer(key));
    await app!.ask('GET', '/admin/tasks', bearer('wrong'));
    expect(log.lines.filter((line) => line.includes(key))).toHaveLength(1);
  });

  it('is in no answer', async () => {
    await start();
    const key = await log.key();
    const { id } = await app!.dispatcher.queue('default', 'greet', {});
    const paths = [
      'queues',
      'tasks',
      `tasks/${id}`,
      'errors',
      'crons',
      'handlers',
      'workers',
      'audit',
      'engine',
      'outbox',
    ];
    for (const path of paths) {
      const answer = await app!.get(path, bearer(key));
      expect(answer.status, path).toBe(200);
      expect(`${answer.text}${JSON.stringify([...answer.headers])}`).not.toContain(key);
    }
  });

  it.each([
    ['under a global prefix', { configure: (nest) => void nest.setGlobalPrefix('/api/v1/') }, '/api/v1/admin/tasks'],
    [
      'at a path of its own, that is excluded from the prefix',
      {
        tasks: { admin: { path: 'ops/jobs' } },
        configure: (nest) => void nest.setGlobalPrefix('api', { exclude: ['ops/jobs{/*rest}'] }),
      },
      '/ops/jobs',
    ],
  ] satisfies Array<[string, AdminAppOptions, string]>)(
    'is told with the address %s',
    async (_where, options, path) => {
      await start(options);
      const address = await log.address();
      expect(address.pathname).toBe(path);
      expect((await fetch(address)).status).toBe(401);
      const session = await fetch(`${app!.origin}${path}/session`, { method: 'POST', ...bearer(await log.key()) });
      expect(session.status).toBe(204);
      expect((await fetch(`${app!.origin}${path}/api/queues`, bearer(await log.key()))).status).toBe(200);
    },
  );

  it('is not wanted where it was given up, and its address has none', async () => {
    await start({ tasks: { admin: { access: 'local' } } });
    expect((await log.address()).href).toBe(`${app!.origin}/admin/tasks`);
    expect((await app!.get('queues')).status).toBe(200);
    expect((await app!.ask('POST', '/admin/tasks/session')).status).toBe(404);
  });

  it('is not wanted where guards decide, and its address has none', async () => {
    await start({ tasks: { admin: { guards: [{ canActivate: () => true }] } } });
    expect((await log.address()).href).toBe(`${app!.origin}/admin/tasks`);
    expect((await app!.get('queues')).status).toBe(200);
  });

  it('opens nothing in production, where the panel is not mounted', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    await start();
    expect(await app!.ask('GET', '/admin/tasks')).toMatchObject({ status: 404, type: 'application/json' });
    expect(log.lines.filter((line) => line.startsWith('Panel'))).toEqual([]);
  });
});

describe('an app that something else makes listen', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('logs the address of its panel when somebody comes without the key', async () => {
    const log = new PanelLog();
    const adapter = new ExpressAdapter();
    const tasks = TasksModule.forRoot({ database: ':memory:', configFile: false, workers: false });
    const app = await NestFactory.create({ module: class AppModule {}, imports: [tasks] }, adapter, { logger: log });
    await app.init();
    server = createServer(adapter.getInstance());
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    expect(log.lines.some((line) => line.startsWith('Panel'))).toBe(false);
    const { port } = server.address() as AddressInfo;
    expect((await fetch(`http://127.0.0.1:${port}/admin/tasks/api/queues`)).status).toBe(401);
    const address = await log.address();
    expect(`${address.origin}${address.pathname}`).toBe(`http://localhost:${port}/admin/tasks`);
    const answer = await fetch(`http://127.0.0.1:${port}/admin/tasks/api/queues`, bearer(await log.key()));
    expect(answer.status).toBe(200);
    await app.close();
  });
});
