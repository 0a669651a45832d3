// Bundles what the engine's thread runs into one file: less to load than a hundred, and the same for both builds of the
// package. As a program: node scripts/build-thread.mjs <folder that has lib>
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { build } from 'vite';

/** Where `lib/thread/thread-file.ts` looks for it, beside itself. */
export const THREAD_FILE = 'nestjs-tasks-thread.cjs';

/** Packages that go into the file: where an app is bundled and the file put beside it, better-sqlite3 alone has to be found. */
export const WITHIN = ['croner', 'ms', 'uuidv7'];

const root = resolve(import.meta.dirname, '..');

/**
 * @param {string} file where the bundle is to be
 * @param {string} entry
 */
export async function bundleThread(file, entry = join(root, 'lib/thread/main.ts')) {
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    root,
    ssr: { target: 'node', noExternal: WITHIN },
    build: {
      ssr: entry,
      write: false,
      minify: false,
      target: 'node20',
      rolldownOptions: {
        external: (id) => !id.startsWith('.') && !isAbsolute(id) && !WITHIN.includes(id),
        // No package is loaded for what it does when it is loaded: those that nobody asks for are left out.
        treeshake: { moduleSideEffects: (id) => id === entry },
        output: { format: 'cjs', codeSplitting: false },
      },
    },
  });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, output[0].code);
}

/** @param {string} target a folder in which `lib` is built, or is to stand */
export async function buildThread(target) {
  await bundleThread(join(target, 'lib/thread', THREAD_FILE));
}

if (process.argv[1] === import.meta.filename) await buildThread(resolve(process.argv[2] ?? ''));
