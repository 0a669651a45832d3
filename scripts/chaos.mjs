// Compiles the library and the chaos harness and runs it: see test/chaos/main.ts.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { buildThread } from './build-thread.mjs';
import { compile } from './compile.mjs';

const { out, remove } = await compile(['lib', 'test/chaos']);
try {
  await buildThread(out);
  const chaos = spawn(process.execPath, [path.join(out, 'test/chaos/main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => chaos.kill(signal));
  process.exitCode = await new Promise((resolve) => chaos.once('exit', (code) => resolve(code ?? 1)));
} finally {
  remove();
}
