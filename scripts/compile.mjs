// Compiles folders of the repository to a folder of its own, so that parts of it run as real processes.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc');

/**
 * @param {readonly string[]} folders of the repository, such as `lib`
 * @returns {Promise<{ out: string, remove(): void }>} `out` holds the compiled files under their names in the repository
 */
export async function compile(folders) {
  const folder = mkdtempSync(path.join(tmpdir(), 'nestjs-tasks-compiled-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Where this process is interrupted, nobody else does.
  process.once('exit', remove);
  const out = path.join(folder, 'out');
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    // Types are checked elsewhere.
    compilerOptions: { noEmit: false, noCheck: true, types: [], sourceMap: true, rootDir: root, outDir: out },
    include: folders.map((name) => path.join(root, name)),
    exclude: [path.join(root, 'lib/admin/page/client'), '**/*.spec.ts'],
  };
  try {
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
    await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch((error) => {
      throw new Error(`${folders.join(', ')} cannot be compiled:\n${error.stdout}${error.stderr}`, { cause: error });
    });
    // A package may import itself by name: this is how compiled samples find the compiled library.
    const exports = { '.': './lib/index.js', './testing': './lib/testing/index.js', './otel': './lib/otel/index.js' };
    const manifest = { name: 'nestjs-tasks', version: '0.0.0-test', type: 'module', exports };
    mkdirSync(out, { recursive: true });
    writeFileSync(path.join(out, 'package.json'), JSON.stringify(manifest));
    symlinkSync(path.join(root, 'node_modules'), path.join(out, 'node_modules'), 'junction');
  } catch (error) {
    remove();
    throw error;
  }
  return { out, remove };
}
