import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../lib/config/index.js';
import { TasksConfigError } from '../../lib/contract/index.js';

/** Well above what reading a file of 1 MiB takes, and far below what it would take unfolded. */
const MAX_MEMORY_BYTES = 700 * 1024 ** 2;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-bombs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each level repeats the one before nine times: 9^9 entries, were it unfolded. */
function levels(write: (name: string, before: string) => string): string {
  const lines = Array.from({ length: 9 }, (_, index) => write(`a${index + 1}`, `*a${index}`));
  return `a0: &a0 { k: 1 }\n${lines.join('\n')}\ntasks: *a9\n`;
}

it.each([
  ['aliases of aliases', levels((name, before) => `${name}: &${name} [${Array(9).fill(before).join(', ')}]`)],
  ['merges of merges', levels((name, before) => `${name}: &${name} { <<: [${Array(9).fill(before).join(', ')}] }`)],
  ['an alias of itself', 'tasks: &a { queues: *a }\n'],
  ['deep lists', `tasks: ${'['.repeat(20_000)}`],
  ['deep mappings', `tasks: ${'{a: '.repeat(20_000)}`],
  ['deep blocks', `tasks:\n  ${'- '.repeat(20_000)}1`],
  ['a huge text', `tasks: { synchronous: "${'x'.repeat(1_000_000)}" }`],
  ['a huge number', `tasks: { max_retries: ${'9'.repeat(1_000_000)} }`],
  ['a huge key', `tasks: { ? "${'x'.repeat(1_000_000)}" : 1 }`],
  ['100,000 keys', `tasks:\n${Array.from({ length: 100_000 }, (_, index) => `  k${index}: 1`).join('\n')}\n`],
  ['many aliases', `a: &a 1\ntasks: { queues: [${'*a,'.repeat(100_000)}] }`],
  ['a tag that makes code', 'tasks: !!js/function "() => process.exit(1)"\n'],
  ['a tag of its own', 'tasks: { database: !env SECRET }\n'],
  ['binary data', 'tasks: { database: !!binary "AAAA" }\n'],
  ['a key that is a prototype’s', 'tasks: { __proto__: { polluted: 1 } }\n'],
  ['a constructor', 'tasks: { constructor: { prototype: { polluted: 1 } } }\n'],
  ['a merge of no mapping', 'tasks: { <<: 1 }\n'],
])('a configuration file with %s stops the boot, naming the file', (what, text) => {
  const file = join(folder, `${what.replaceAll(/\W/g, '-')}.yaml`);
  writeFileSync(file, text);
  const before = process.memoryUsage().rss;
  expect(() => loadConfig({ configFile: file })).toThrow(TasksConfigError);
  expect(() => loadConfig({ configFile: file })).toThrow(file);
  expect(process.memoryUsage().rss - before).toBeLessThan(MAX_MEMORY_BYTES);
  expect({}).not.toHaveProperty('polluted');
});
