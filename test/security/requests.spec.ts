import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, AdminApp } from '../admin/support/admin-app.js';
import { send, sendBytes } from './support/send.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const LOCAL = { host: 'localhost' };
const API = '/admin/tasks/api';

describe.each(ADAPTERS)('requests to the panel on %s', (adapter) => {
  let app: AdminApp;
  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
    for (let count = 0; count < 3; count++) await app.dispatcher.queue('default', 'greet', { to: `Ada ${count}` });
  });
  afterAll(() => app.stop());

  describe('with a Host that was made to point to this machine', () => {
    it.each([
      'evil.example',
      'localhost.evil.example',
      'evil.example:80#localhost',
      'localhost@evil.example',
      '127.0.0.1.evil.example',
      '1.127.0.0.1',
      '0.0.0.0',
      'localhost:80:80',
      'localhost,evil.example',
      '[::ffff:8.8.8.8]',
      'localhost.',
    ])('%j is refused', async (host) => {
      const answer = await send(app.port, { method: 'GET', target: `${API}/queues`, headers: { host } });
      expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('"not_local"') });
    });

    it('is refused in an absolute target, too', async () => {
      const target = `http://localhost${API}/queues`;
      const answer = await send(app.port, { method: 'GET', target, headers: { host: 'evil.example' } });
      expect(answer.status).not.toBe(200);
    });
  });

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'null' },
    { origin: 'file://' },
    { origin: 'http://localhost:1' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    { origin: 'http://localhost', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'Same-Origin' },
  ])('from a page of another origin are refused: %j', async (from) => {
    for (const [method, path] of [
      ['GET', 'tasks'],
      ['POST', 'queues/default/pause'],
      ['GET', 'events'],
    ] as const) {
      const answer = await send(app.port, { method, target: `${API}/${path}`, headers: { ...LOCAL, ...from } });
      expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('"cross_origin"') });
    }
    expect((await app.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
  });

  it.each([
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-server',
    'x-forwarded-port',
    'x-forwarded-prefix',
    'x-real-ip',
    'x-client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'cdn-loop',
    'via',
  ])('that were forwarded are refused, however empty the header: %s', async (name) => {
    for (const value of ['', '127.0.0.1', 'localhost', 'for=127.0.0.1']) {
      const headers = { ...LOCAL, [name]: value };
      expect(await send(app.port, { method: 'GET', target: `${API}/queues`, headers })).toMatchObject({
        status: 403,
      });
    }
  });

  it.each([
    '/admin/tasks/../../package.json',
    '/admin/tasks/..%2f..%2fpackage.json',
    '/admin/tasks/%2e%2e/%2e%2e/package.json',
    '/admin/tasks/%252e%252e%252fpackage.json',
    '/admin/tasks/..\\..\\package.json',
    '/admin/tasks/%5c..%5cpackage.json',
    '/admin/tasks/page.js%00.css',
    '/admin/tasks/page.js/../../../package.json',
    '/admin/tasks//etc/passwd',
    '/admin/tasks/page.map',
    '/admin/tasks/page.js%2f..%2f..%2fpackage.json',
    '/admin/tasks/%c0%ae%c0%ae/package.json',
    '/admin/tasks/api/tasks/..%2f..%2f..%2fpackage.json',
    '/admin/tasks/api/tasks/%00',
  ])('reach no file: %s', async (target) => {
    const answer = await send(app.port, { method: 'GET', target, headers: LOCAL });
    expect([400, 404, 422]).toContain(answer.status);
    expect(answer.text).not.toMatch(/devDependencies|root:|nestjs-tasks"|\n\s*at /);
  });

  it('that are no HTTP leave the app as it was', async () => {
    for (const bytes of [
      'GET\r\n\r\n',
      '\0\0\0\0\r\n\r\n',
      `GET ${API}/queues HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n`,
      `POST ${API}/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET ${API}/queues HTTP/1.1\r\nHost:\r\n\r\n`,
      `GET ${API}/queues HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`,
    ]) {
      expect(await sendBytes(app.port, bytes).catch(() => '')).not.toMatch(/^HTTP\/1.1 (2|5)/);
    }
    expect((await app.get('queues')).status).toBe(200);
  });

  describe('with a body that the parsers of the app would refuse', () => {
    const body = '{"secret-word';

    it.each([
      ['a read of the API', 'GET', `${API}/queues`, 200],
      ['the page', 'GET', '/admin/tasks', 200],
      ['its script', 'GET', '/admin/tasks/page.js', 200],
      ['the API without a route', 'POST', API, 404],
    ])('is for the panel to judge: %s', async (_what, method, target, status) => {
      const answer = await send(app.port, { method, target, headers: { ...LOCAL, ...JSON_TYPE }, body });
      expect(answer.status).toBe(status);
      expect(answer.text).not.toContain('secret-word');
    });

    it('is for the panel to judge, however the path is written', async () => {
      const target = adapter === 'express' ? `http://localhost${API}/tasks` : '/admin/tasks/%61pi/tasks';
      const answer = await send(app.port, { method: 'POST', target, headers: { ...LOCAL, ...JSON_TYPE }, body });
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('"invalid_json"') });
    });
  });

  describe('with more mistakes than anybody reads', () => {
    it('get an answer that is smaller than they are', async () => {
      const fields = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, 1]));
      const answer = await app.post('tasks', fields);
      expect(answer.status).toBe(422);
      expect(answer.text.length).toBeLessThan(50_000);
      const named = await app.post('tasks', { ['x'.repeat(500_000)]: 1 });
      expect(named.status).toBe(422);
      expect(named.text.length).toBeLessThan(5_000);
    });

    it('are told of fields that stand twice in a query of thousands', async () => {
      const answer = await app.get(`tasks?${'a=1&'.repeat(3_000)}b=2`);
      expect(answer).toMatchObject({ status: 422 });
      expect(answer.text).toContain('stands more than once');
    });
  });

  describe('that search and filter', () => {
    it.each(["' OR '1'='1", "x' OR 1=1 --", "') OR (1=1", '%', '_', '*', '%%%%', "'; DELETE FROM tasks_task; --"])(
      'take %j for text',
      async (text) => {
        for (const field of ['queue', 'name', 'search']) {
          const answer = await app.get(`tasks?${field}=${encodeURIComponent(text)}`);
          expect(answer).toMatchObject({ status: 200, body: { items: [] } });
        }
        for (const field of ['state', 'cursor', 'limit']) {
          expect((await app.get(`tasks?${field}=${encodeURIComponent(text)}`)).status).toBe(422);
        }
        const filter = { search: text };
        expect(await app.post('tasks/bulk', { action: 'delete', filter })).toMatchObject({ body: { changed: 0 } });
        expect(await app.get('tasks')).toMatchObject({ body: { items: { length: 3 } } });
      },
    );

    it.each([
      ['a pattern', '(a+)+$'],
      ['many wildcards', '%a'.repeat(400)],
      ['a star after star', '*'.repeat(1_000)],
    ])('are no pattern that takes for ever: %s', async (_what, text) => {
      await app.dispatcher.queue('default', 'greet', { to: 'a'.repeat(100_000) });
      // Bounded by the test's time, which such a pattern would exceed by far.
      const answer = await app.get(`tasks?search=${encodeURIComponent(text)}`);
      expect(answer).toMatchObject({ status: 200, body: { items: [] } });
      const { items } = (await app.get(`tasks?search=${'a'.repeat(1_000)}`)).body as { items: Array<{ id: string }> };
      expect(items).toHaveLength(1);
      await app.delete(`tasks/${items[0]!.id}`);
    });
  });
});
