import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { build } from 'vite';

const THREAD_FILE = 'nestjs-tasks-thread.cjs';

/** What is loaded where it is: it has native parts, or is loaded only by those who use it. */
const APART = ['better-sqlite3', 'bullmq', 'ioredis', 'pg'];

/**
 * Puts what a process of the harness runs into one file: it then boots in half the time, and twice as many can be killed.
 * The file is minified as an app's is that goes into production: classes and functions have other names in it, and nothing
 * may depend on theirs.
 *
 * @param entry the compiled `process/main.js`
 * @returns path of the file, in a folder beside the entry
 */
export async function bundle(entry: string): Promise<string> {
  const folder = dirname(entry);
  await build({
    configFile: false,
    logLevel: 'error',
    root: folder,
    ssr: { noExternal: true, external: APART },
    build: {
      ssr: entry,
      outDir: join(folder, 'bundle'),
      minify: true,
      // Drivers and parts of Nest that are not installed are asked for by name, and not used.
      rolldownOptions: {
        external: (id: string) => !id.startsWith('.') && !isAbsolute(id) && !isInstalled(id, folder),
        output: { format: 'esm', entryFileNames: 'main.mjs', codeSplitting: false },
      },
    },
  });
  // What the engine's thread runs is looked for beside the bundle, as an app's would be.
  await copyFile(join(folder, '../../..', 'lib/thread', THREAD_FILE), join(folder, 'bundle', THREAD_FILE));
  return join(folder, 'bundle', 'main.mjs');
}

function isInstalled(id: string, folder: string): boolean {
  try {
    createRequire(join(folder, 'main.js')).resolve(id);
    return true;
  } catch {
    return false;
  }
}
