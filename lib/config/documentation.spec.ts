import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../clock/index.js';
import { loadConfig } from './load-config.js';
import { moduleOptionKeys, queueOptionKeys } from './module-options.js';
import type { TasksModuleRootOptions } from './options.js';
import { toSnakeCase } from '../checks/index.js';

const page = readFileSync('docs/configuration.md', 'utf8');
const yamlBlocks = Array.from(page.matchAll(/```yaml\n([^]*?)```/g), ([, block]) => block!);
const errorBlock = /```text\n([^]*?)\n```/.exec(page)![1]!;

describe('docs/configuration.md', () => {
  const home = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'tasks-docs-'));

  beforeAll(() => {
    process.chdir(folder);
    mkdirSync('config');
  });

  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  it('names every option in both spellings', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    for (const key of [...moduleOptionKeys, ...queueOptionKeys]) {
      const row = rows.find((line) => new RegExp(`^\\| \`(?:[\\w<>]+\\.)*${key}(?:\\.completed)?\` `).test(line));
      expect(row, key).toMatch(new RegExp(`[\`.]${toSnakeCase(key)}[\`.]|code only`));
    }
  });

  it('shows a file that means the same as the code beside it', () => {
    const clock = new ManualClock(0);
    const code: TasksModuleRootOptions = {
      workers: { default: 5, emails: 2, imports: 1 },
      maxRetries: 3,
      retryDelay: '60s',
      queues: {
        emails: { maxRetries: 5, retryDelay: '10s', backoff: 'exponential', priority: 10, rateLimit: '100/m' },
      },
      retention: { completed: '7d', failed: '30d' },
      clock,
    };
    writeFileSync('config/config.yaml', yamlBlocks[0]!);
    expect(loadConfig({ clock })).toEqual(loadConfig({ ...code, configFile: false }));
  });

  it('shows the error that its wrong example really gives', () => {
    writeFileSync('config/config.yaml', yamlBlocks[1]!);
    const wrong = { retryDelay: '60', admin: { readonly: true } } as TasksModuleRootOptions;
    expect(() => loadConfig(wrong)).toThrow(expect.objectContaining({ message: errorBlock }));
  });
});
