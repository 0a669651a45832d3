import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiled as compiledFiles } from '../support/run/compiled.js';
import { ServerProcess } from './support/server-process.js';

describe('the request-reply sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-reply-'));
  let server: ServerProcess;

  beforeAll(async () => {
    const main = (await compiledFiles()).file('sample/request-reply/main');
    server = await ServerProcess.start([main], { cwd: folder, env: { PORT: '0' } });
  });
  afterAll(async () => {
    await server?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers a request with the result of a task', async () => {
    expect(await server.get('/reports/2028-02')).toEqual({ status: 200, body: { month: '2028-02', days: 29 } });
  });

  it('answers with what went wrong, in the params and in the handler', async () => {
    expect((await server.get('/reports/soon')).status).toBe(404);
    const failed = await server.get('/reports/2028-13');
    expect(failed).toMatchObject({ status: 502, body: { message: 'There is no month 13' } });
  });
});
