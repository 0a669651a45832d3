import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { compiled as compiledFiles } from '../support/run/compiled.js';

describe('the rolling-deploy sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-deploy-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs what either build enqueued, the last of it when the older one is gone', async () => {
    const compiled = await compiledFiles();
    const main = compiled.file('sample/rolling-deploy/main');
    const { stdout } = await promisify(execFile)(process.execPath, [main], { cwd: folder, timeout: 100_000 });
    expect(stdout).toMatch(/(older build: mail|newer build: plain mail) to ada@example.org/);
    expect(stdout).toContain('newer build: welcome mail to grace@example.org');
    expect(stdout).toContain('newer build: plain mail to joan@example.org');
    expect(stdout).toContain('all 3 tasks are completed');
  });
});
