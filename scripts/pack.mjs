import { execFileSync } from 'node:child_process';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..');

/** Builds the library and packs what would be published into `folder`. Returns the tarball's path and the files in it. */
export function packTarball(folder) {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename, files }] = Object.values(JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })));
  return { tarball: path.join(folder, filename), files: files.map((file) => file.path) };
}
