import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, AdminApp } from './support/admin-app.js';
import { rawRequest } from './support/raw-request.js';

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const TARGET = '/admin/tasks/api/tasks';

describe.each(ADAPTERS)('bodies on %s', (adapter) => {
  let app: AdminApp;
  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false, maxParamsSize: '300KiB' } });
  });
  afterAll(() => app.stop());

  it("may be as large as a task's params, beyond the app's own limit", async () => {
    const text = 'x'.repeat(300 * 1024 - '{"text":""}'.length);
    const answer = await app.post('tasks', { queue: 'default', name: 'greet', params: { text } });
    expect(answer).toMatchObject({ status: 201, body: { params: { text } } });
  });

  it('are refused where the params are larger', async () => {
    const answer = await app.post('tasks', {
      queue: 'default',
      name: 'greet',
      params: { text: 'x'.repeat(300 * 1024) },
    });
    expect(answer).toMatchObject({
      status: 413,
      type: 'application/problem+json',
      body: { code: 'params_too_large', limit: 300 * 1024, errors: [{ field: 'params' }] },
    });
  });

  it('are refused unread where they are larger still, with their length said or not', async () => {
    const said = await app.post('tasks', { queue: 'default', name: 'greet', params: { text: 'x'.repeat(2_000_000) } });
    expect(said).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    const unsaid = await app.ask('POST', TARGET, {
      headers: JSON_HEADERS,
      body: new Blob(['{"queue":"', 'x'.repeat(2_000_000), '"}']).stream(),
      duplex: 'half',
    });
    expect(unsaid).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });

  it.each([
    ['broken JSON', '{"queue": "secret-word', 400, 'invalid_json'],
    ['an empty body', '', 400, 'invalid_json'],
    ['a list', '[]', 422, 'invalid_request'],
    ['null', 'null', 422, 'invalid_request'],
    ['a number', '1', 422, 'invalid_request'],
  ])('are refused: %s', async (_what, body, status, code) => {
    const answer = await app.ask('POST', TARGET, { headers: JSON_HEADERS, body });
    expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { code } });
    expect(answer.text).not.toContain('secret-word');
  });

  it('are refused where they are no UTF-8', async () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const answer = await app.ask('POST', TARGET, { headers: JSON_HEADERS, body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
  });

  it('are refused compressed or as another type', async () => {
    const compressed = await app.ask('POST', TARGET, {
      headers: { ...JSON_HEADERS, 'Content-Encoding': 'gzip' },
      body: 'x',
    });
    expect(compressed).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    const untyped = await rawRequest(app.port, TARGET, { method: 'POST', body: '{}', headers: { host: 'localhost' } });
    expect(untyped.status).toBe(415);
  });

  it('may be of a type that is JSON by its suffix, with a charset', async () => {
    const answer = await app.ask('POST', TARGET, {
      headers: { 'Content-Type': 'application/vnd.api+json; charset=utf-8' },
      body: '{"queue":"default","name":"greet","params":{}}',
    });
    expect(answer.status).toBe(201);
  });

  it('that end too early leave the app as it was', async () => {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(app.port, '127.0.0.1', () => {
        const head = `POST ${TARGET} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n`;
        socket.write(`${head}{"queue":`, () => socket.destroy());
      });
      socket.on('close', () => resolve()).on('error', reject);
    });
    expect((await app.get('queues')).status).toBe(200);
  });

  it('are read wherever the path is written another way that the router knows', async () => {
    const answer = await rawRequest(app.port, TARGET.toUpperCase().replace('API/TASKS', 'api/tasks'), {
      method: 'POST',
      body: '{',
      headers: { host: 'localhost', ...JSON_HEADERS },
    });
    // Express does not tell cases apart; Fastify has no such route.
    expect(answer.status).toBe(adapter === 'express' ? 400 : 404);
    if (adapter === 'express') expect(answer.body).toContain('invalid_json');
  });
});
