import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Compiled, compiled as compiledFiles } from '../support/run/compiled.js';
import { ServerProcess } from './support/server-process.js';
import { until } from '../support/until.js';

describe('the minimal sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-minimal-'));
  let compiled: Compiled;
  let server: ServerProcess;

  beforeAll(async () => {
    compiled = await compiledFiles();
    server = await ServerProcess.start([compiled.file('sample/minimal/main')], { cwd: folder, env: { PORT: '0' } });
  });
  afterAll(async () => {
    await server?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('runs its task and keeps it in data/tasks.db, with nothing configured', async () => {
    await until('the greeting', async () => server.output.includes('Hello, Ada!'));
    const completed = await until('the end of the task', async () => {
      const { body } = await server.get<{ items: { name: string }[] }>('/admin/tasks/api/tasks?state=completed');
      return body.items[0];
    });
    expect(completed).toMatchObject({ name: 'greet', queue: 'default', params: { name: 'Ada' } });
    expect(existsSync(join(folder, 'data/tasks.db'))).toBe(true);
  });
});
