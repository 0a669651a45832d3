import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPanelApp, panelUrl } from '../../src/panel/panel-app.js';
import { send, type SentRequest } from '../security/support/send.js';
import { describeWith } from '../support/servers/find-program.js';
import { Nginx } from '../support/servers/nginx.js';
import { TcpProxy } from '../support/servers/tcp-proxy.js';
import { ADAPTERS, AdminApp, type AdminAppOptions } from './support/admin-app.js';
import { PanelLog } from './support/panel-log.js';

/** What a stranger tries, below the panel's path. */
const ATTEMPTS: ReadonlyArray<readonly [method: string, path: string]> = [
  ['GET', ''],
  ['GET', '/'],
  ['HEAD', ''],
  ['GET', '/page.js'],
  ['GET', '/api/queues'],
  ['GET', '/api/tasks'],
  ['GET', '/api/events'],
  ['POST', '/api/tasks'],
  ['POST', '/api/queues/default/pause'],
  ['POST', '/session'],
  ['DELETE', '/api/tasks/1'],
];
const TASK = { queue: 'default', name: 'greet', params: {} };

/** In the ways that nginx's manual and those who copy from it have it; `APP` is the app's port. */
const SERVERS: ReadonlyArray<readonly [name: string, location: string]> = [
  ['with proxy_pass alone', 'location / { proxy_pass http://127.0.0.1:APP; }'],
  ['with proxy_pass to localhost', 'location / { proxy_pass http://localhost:APP; }'],
  ['over HTTP/1.0', 'location / { proxy_pass http://127.0.0.1:APP; proxy_http_version 1.0; }'],
  [
    'over HTTP/1.1, kept alive',
    'location / { proxy_pass http://127.0.0.1:APP; proxy_http_version 1.1; proxy_set_header Connection ""; }',
  ],
  [
    'with the Host that it was asked for',
    'location / { proxy_pass http://127.0.0.1:APP; proxy_set_header Host $host; }',
  ],
  [
    'with headers of its own taken away',
    'location / { proxy_pass http://127.0.0.1:APP; proxy_set_header X-Forwarded-For ""; proxy_set_header X-Real-IP ""; }',
  ],
];

interface Place {
  /** Where a stranger's requests go. */
  readonly port: number;
  readonly path: string;
  readonly headers?: Record<string, string>;
}

async function attempt({ port, path, headers = {} }: Place, method: string, below: string): Promise<number> {
  const request: SentRequest = {
    method,
    target: `${path}${below}`,
    headers: { host: 'tasks.example.com', ...headers },
  };
  if (below !== '/api/tasks' || method !== 'POST') return (await send(port, request)).status;
  const json = { ...request.headers, 'content-type': 'application/json' };
  return (await send(port, { ...request, headers: json, body: JSON.stringify(TASK) })).status;
}

async function expectClosed(place: Place, statuses: readonly number[]): Promise<void> {
  for (const [method, below] of ATTEMPTS) {
    expect(statuses, `${method} ${place.path}${below}`).toContain(await attempt(place, method, below));
  }
}

describeWith('nginx', 'a stranger who comes through nginx', () => {
  let nginx: Nginx | undefined;
  afterEach(async () => {
    await nginx?.stop();
    nginx = undefined;
  });
  const before = async (appPort: number, location: string): Promise<number> => {
    const server = `server { listen 127.0.0.1:PORT; ${location.replaceAll('APP', String(appPort))} }`;
    nginx = await Nginx.start(server);
    return nginx.port;
  };

  describe.each(ADAPTERS)('to a panel without guards on %s', (adapter) => {
    let app: AdminApp | undefined;
    afterEach(async () => {
      await app?.stop();
      app = undefined;
    });
    const start = async (access: 'key' | 'local', options: AdminAppOptions = {}): Promise<PanelLog> => {
      const logger = new PanelLog();
      const tasks = { workers: false, ...options.tasks, admin: { access, ...options.tasks?.admin } } as const;
      app = await AdminApp.start({ adapter, ...options, create: { logger }, tasks });
      return logger;
    };
    const expectNothingDone = async (): Promise<void> => {
      expect((await app!.dispatcher.list({})).items).toEqual([]);
      expect((await app!.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
    };

    it.each(SERVERS)('is answered nothing, %s', async (_how, location) => {
      await start('key');
      const port = await before(app!.port, location);
      // With a Host of his own choice too, where that is passed on.
      await expectClosed({ port, path: '/admin/tasks', headers: { host: 'localhost' } }, [401]);
      await expectClosed({ port, path: '/admin/tasks', headers: { host: `127.0.0.1:${app!.port}` } }, [401]);
      await expectClosed({ port, path: '/admin/tasks' }, [401, 403]);
      await expectNothingDone();
    });

    it('would be answered where the key was given up: nothing but the key tells the two apart', async () => {
      await start('local');
      const port = await before(app!.port, SERVERS[0]![1]);
      expect(await attempt({ port, path: '/admin/tasks' }, 'GET', '/api/queues')).toBe(200);
      expect(await attempt({ port, path: '/admin/tasks' }, 'POST', '/api/tasks')).toBe(201);
    });

    it('is answered nothing below a prefix that nginx takes away, or that the app has', async () => {
      await start('key', { configure: (nest) => void nest.setGlobalPrefix('internal') });
      const port = await before(app!.port, 'location /ops/ { proxy_pass http://127.0.0.1:APP/internal/; }');
      await expectClosed({ port, path: '/ops/admin/tasks' }, [401]);
      await expectNothingDone();
    });

    it('is let in by the key, as everybody who has it', async () => {
      const key = await (await start('key')).key();
      const port = await before(app!.port, SERVERS[0]![1]);
      const place = { port, path: '/admin/tasks', headers: { authorization: `Bearer ${key}` } };
      expect(await attempt(place, 'GET', '/api/queues')).toBe(200);
      expect(await attempt(place, 'POST', '/api/tasks')).toBe(201);
      expect(await attempt(place, 'POST', '/session')).toBe(204);
    });

    it('is answered nothing where nginx says that it is one, though he has the key', async () => {
      const key = await (await start('key')).key();
      const location = SERVERS[0]![1].replace('}', 'proxy_set_header X-Forwarded-Server $hostname; }');
      const headers = { authorization: `Bearer ${key}` };
      await expectClosed({ port: await before(app!.port, location), path: '/admin/tasks', headers }, [403]);
    });
  });

  describe('to the panel of the command line', () => {
    let folder: string;
    let panel: INestApplication | undefined;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-panel-'));
    });
    afterEach(async () => {
      await panel?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('is answered nothing', async () => {
      panel = await createPanelApp({ database: join(folder, 'tasks.db'), queues: ['default'], readOnly: false });
      await panel.listen(0, '127.0.0.1');
      const appPort = (panel.getHttpServer().address() as AddressInfo).port;
      const port = await before(appPort, SERVERS[0]![1]);
      await expectClosed({ port, path: '/admin/tasks' }, [401]);
      const key = new URL(await panelUrl(panel)).hash.replace('#key=', '');
      const headers = { authorization: `Bearer ${key}` };
      expect(await attempt({ port, path: '/admin/tasks', headers }, 'GET', '/api/queues')).toBe(200);
    });
  });
});

describe.each(ADAPTERS)('a stranger who comes through a program that forwards bytes, on %s', (adapter) => {
  it('is answered nothing', async () => {
    const app = await AdminApp.start({ adapter, tasks: { workers: false, admin: { access: 'key' } } });
    const proxy = await TcpProxy.start(app.port);
    for (const host of [`127.0.0.1:${app.port}`, 'localhost']) {
      await expectClosed({ port: proxy.port, path: '/admin/tasks', headers: { host } }, [401]);
    }
    expect((await app.dispatcher.list({})).items).toEqual([]);
    await proxy.close();
    await app.stop();
  });
});
