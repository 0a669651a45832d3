// Compiles the library and the chaos harness to a folder of their own and runs it: see test/chaos/main.ts.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(tmpdir(), 'nestjs-tasks-chaos-program-'));
const out = path.join(folder, 'out');
const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc');

const config = {
  extends: path.join(root, 'tsconfig.json'),
  // Types are checked elsewhere.
  compilerOptions: { noEmit: false, noCheck: true, types: [], sourceMap: true, rootDir: root, outDir: out },
  include: [path.join(root, 'lib'), path.join(root, 'test/chaos')],
  exclude: [path.join(root, 'lib/admin/page/client'), '**/*.spec.ts'],
};
writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
try {
  execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' });
  const chaos = spawn(process.execPath, [path.join(out, 'test/chaos/main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => chaos.kill(signal));
  process.exitCode = await new Promise((resolve) => chaos.once('exit', (code) => resolve(code ?? 1)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
