// Checks the packed tarball: what is in it, how its exports resolve (publint) and how its types do (attw).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packTarball, root } from './pack.mjs';

const UNWANTED = /\.spec\.|\.map$|(^|\/)(test|sample|bench)\//;

const folder = mkdtempSync(path.join(tmpdir(), 'nestjs-tasks-package-'));
try {
  const { tarball, files } = packTarball(folder);
  const unwanted = files.filter((file) => UNWANTED.test(file));
  if (unwanted.length > 0) throw new Error(`These files must not be published: ${unwanted.join(', ')}`);
  for (const [tool, ...args] of [
    ['publint', 'run', tarball, '--strict'],
    ['attw', tarball],
  ]) {
    execFileSync(path.join(root, 'node_modules/.bin', tool), args, { cwd: root, stdio: 'inherit' });
  }
  console.log(`The package is sound: ${files.length} files.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
