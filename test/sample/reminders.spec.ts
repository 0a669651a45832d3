import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiled as compiledFiles } from '../support/run/compiled.js';
import { ServerProcess } from './support/server-process.js';

const HOUR_MS = 3_600_000;

describe('the reminders sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-reminders-'));
  let server: ServerProcess;

  beforeAll(async () => {
    const main = (await compiledFiles()).file('sample/reminders/main');
    server = await ServerProcess.start([main], { cwd: folder, env: { PORT: '0' } });
  });
  afterAll(async () => {
    await server?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const before = (at: string): string[] =>
    [24, 1].map((hours) => new Date(Date.parse(at) - hours * HOUR_MS).toISOString());
  const put = (id: string, at: string) => server.put(`/appointments/${id}`, { at });

  it('moves the reminders of an appointment, makes none twice, and cancels those of one alone', async () => {
    const [first, second] = [30, 40].map((days) => new Date(Date.now() + days * 24 * HOUR_MS).toISOString());
    expect((await put('7', first!)).body).toEqual({ reminders: before(first!) });
    expect((await put('8', first!)).body).toEqual({ reminders: before(first!) });
    expect((await put('7', second!)).body).toEqual({ reminders: before(second!) });

    const kept = await server.get<{ items: Array<{ id: string; runAt: number }> }>(
      '/admin/tasks/api/tasks?tag=appointment:7',
    );
    expect(kept.body.items.map(({ runAt }) => new Date(runAt).toISOString()).toSorted()).toEqual(before(second!));

    expect(await server.delete('/appointments/7')).toEqual({ status: 200, body: { cancelled: 2 } });
    const left = await server.get<{ items: Array<{ id: string }> }>('/admin/tasks/api/tasks?state=scheduled');
    expect(left.body.items.map(({ id }) => id).toSorted()).toEqual(['remind:8:1', 'remind:8:24']);
  });
});
