// Builds what is published: ECMAScript modules in dist/esm, CommonJS in dist/cjs, each with its declarations.
// Names of folders as arguments build only those.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { buildThread } from './build-thread.mjs';

const root = path.resolve(import.meta.dirname, '..');
const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc');

const run = (script, ...args) => execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });

const BUILDS = [
  { folder: 'esm', config: 'tsconfig.build.json', type: 'module' },
  { folder: 'cjs', config: 'tsconfig.cjs.json', type: 'commonjs' },
];

run('scripts/build-page.mjs');
const wanted = process.argv.slice(2);
for (const { folder, config, type } of BUILDS) {
  if (wanted.length > 0 && !wanted.includes(folder)) continue;
  const target = path.join(root, 'dist', folder);
  rmSync(target, { recursive: true, force: true });
  run(tsc, '-p', config);
  await buildThread(target);
  // Node and TypeScript take the module format of a .js or .d.ts file from the nearest package.json.
  writeFileSync(path.join(target, 'package.json'), `${JSON.stringify({ type })}\n`);
}
