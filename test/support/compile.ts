import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const REPOSITORY = resolve(import.meta.dirname, '../..');

/** Parts of the repository, compiled to a folder of their own, to be run as real processes. */
export interface Compiled {
  /** Absolute path of a compiled file: `file('test/kill/worker/main')`. */
  file(source: string): string;
  remove(): void;
}

/** @param folders of the repository, such as `lib` */
export function compile(...folders: string[]): Compiled {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-compiled-'));
  const out = join(folder, 'out');
  const config = {
    extends: join(REPOSITORY, 'tsconfig.json'),
    // Types are checked elsewhere.
    compilerOptions: { noEmit: false, noCheck: true, types: [], sourceMap: true, rootDir: REPOSITORY, outDir: out },
    include: folders.map((name) => join(REPOSITORY, name)),
    exclude: [join(REPOSITORY, 'lib/admin/page/client'), '**/*.spec.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' });

  // A package may import itself by name: this is how compiled samples find the compiled library.
  const manifest = { name: 'nestjs-tasks', version: '0.0.0-test', type: 'module', exports: './lib/index.js' };
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'package.json'), JSON.stringify(manifest));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(out, 'node_modules'), 'junction');
  return {
    file: (source) => join(out, `${source}.js`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
