import { VersioningType, type CanActivate } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import type { Task } from '../../lib/contract/index.js';
import { ADAPTERS, AdminApp, type AdminAppOptions } from './support/admin-app.js';
import { StrippingProxy } from './support/stripping-proxy.js';

const letIn: CanActivate = { canActivate: () => true };
/** Every question that the page asks. */
const READS = ['queues', 'tasks', 'errors', 'crons', 'handlers', 'metrics', 'workers', 'audit', 'engine', 'outbox'];

interface Place {
  readonly at: string;
  readonly path?: string;
  readonly configure?: AdminAppOptions['configure'];
}

const PLACES: Array<[string, Place]> = [
  ['as it is', { at: '/admin/tasks' }],
  ['with a path of its own', { at: '/jobs/panel', path: 'jobs/panel' }],
  ['under a global prefix', { at: '/api/v1/admin/tasks', configure: (nest) => void nest.setGlobalPrefix('api/v1') }],
  [
    'in an app with versions in its paths',
    {
      at: '/admin/tasks',
      configure: (nest) => void nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
    },
  ],
  [
    'with all of that together',
    {
      at: '/api/jobs/panel',
      path: 'jobs/panel',
      configure: (nest) => {
        nest.setGlobalPrefix('api');
        nest.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', '2'] });
      },
    },
  ],
];

describe.each(ADAPTERS)('behind a proxy that takes a prefix away, on %s', (adapter) => {
  let app: AdminApp;
  let proxy: StrippingProxy;
  afterEach(async () => {
    await proxy.stop();
    await app.stop();
  });

  it.each(PLACES)('the panel works %s', async (_how, { at, path, configure }) => {
    const admin = { guards: [letIn], ...(path !== undefined && { path }) };
    app = await AdminApp.start({ adapter, tasks: { workers: false, admin }, ...(configure && { configure }) });
    proxy = await StrippingProxy.start('/ops/tools', app.port);

    for (const slash of ['', '/']) {
      const page = new URL(`/ops/tools${at}${slash}`, proxy.origin);
      const html = await (await fetch(page)).text();
      // As a browser does, which knows of the page's address alone.
      const links = Array.from(html.matchAll(/(?:src|href)="([^"#]+)"/g), ([, link]) => new URL(link!, page));
      const script = links.find(({ pathname }) => pathname.endsWith('.js'))!;
      expect(links.some(({ pathname }) => pathname.endsWith('.css'))).toBe(true);
      for (const link of links) expect((await fetch(link)).status, link.href).toBe(200);

      const api = new URL('api/', script);
      for (const read of READS) expect((await fetch(new URL(read, api))).status, read).toBe(200);
      const created = await fetch(new URL('tasks', api), {
        method: 'POST',
        body: JSON.stringify({ queue: 'default', name: 'greet', params: {} }),
        headers: { 'Content-Type': 'application/json', Origin: proxy.origin, 'Sec-Fetch-Site': 'same-origin' },
      });
      expect(created.status).toBe(201);
      const task = (await created.json()) as Task;
      const location = new URL(created.headers.get('location')!, created.url);
      expect(await (await fetch(location)).json()).toMatchObject({ id: task.id, state: 'available' });

      const aborter = new AbortController();
      const events = await fetch(new URL('events', api), { signal: aborter.signal });
      const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
      let heard = '';
      while (!heard.includes('event: change')) heard += (await reader.read()).value ?? '';
      aborter.abort();
    }
  });

  it('a page of another origin is refused', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false, admin: { guards: [letIn] } } });
    proxy = await StrippingProxy.start('/ops', app.port);
    const answer = await fetch(`${proxy.origin}/ops/admin/tasks/api/queues`, {
      headers: { Origin: 'http://evil.example' },
    });
    expect(answer.status).toBe(403);
  });

  it('nobody is taken for local without guards', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
    proxy = await StrippingProxy.start('/ops', app.port);
    const answer = await fetch(`${proxy.origin}/ops/admin/tasks/api/queues`);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'not_local' });
  });
});
