import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { build } from 'vite';

const THREAD_FILE = 'nestjs-tasks-thread.cjs';

/** Packages that are loaded where they are: they have native parts, or are loaded only by those who use them. */
const APART = ['better-sqlite3', 'bullmq', 'ioredis', 'mysql2', 'pg'];

export interface BundleOptions {
  /**
   * Gives classes and functions other names, as an app's bundle that goes into production has: nothing may depend on
   * theirs. Default: false.
   */
  readonly minify?: boolean;
}

/**
 * Puts what a process runs into one file. It boots with less than half of the work: most of a boot is the search for a
 * thousand files.
 *
 * @param out the folder that the repository was compiled to
 * @param source a compiled program of it, without the ending, such as `test/kill/worker/main`
 * @returns path of the file, in a folder beside the program
 */
export async function bundle(out: string, source: string, { minify = false }: BundleOptions = {}): Promise<string> {
  const entry = join(out, `${source}.js`);
  const folder = dirname(entry);
  const name = `${basename(source)}.mjs`;
  await build({
    configFile: false,
    logLevel: 'error',
    root: folder,
    ssr: { noExternal: true, external: APART },
    build: {
      ssr: entry,
      outDir: join(folder, 'bundle'),
      // Another program of this folder may run.
      emptyOutDir: false,
      minify,
      // Drivers and parts of Nest that are not installed are asked for by name, and not used.
      rolldownOptions: {
        external: (id: string) => !id.startsWith('.') && !isAbsolute(id) && !isInstalled(id, folder),
        output: { format: 'esm', entryFileNames: name, codeSplitting: false },
      },
    },
  });
  // What the engine's thread runs is looked for beside the bundle, as an app's would be.
  await copyFile(join(out, 'lib/thread', THREAD_FILE), join(folder, 'bundle', THREAD_FILE));
  return join(folder, 'bundle', name);
}

function isInstalled(id: string, folder: string): boolean {
  try {
    createRequire(join(folder, 'main.js')).resolve(id);
    return true;
  } catch {
    return false;
  }
}
