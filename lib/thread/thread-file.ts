import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { callingFile } from '../engine/common/index.js';

/** `scripts/build-thread.mjs` makes it; whoever bundles an app puts it beside the bundle. */
const NAME = 'nestjs-tasks-thread.cjs';

/** Path of the file that the engine's thread runs; null where it is not to be found, as beside a bundle that lacks it. */
export function threadFile(): string | null {
  // Yarn's packages without folders are found by those alone whom Yarn has started.
  if (process.versions['pnp'] !== undefined) return null;
  const own = callingFile();
  if (own === undefined) return null;
  const file = fileURLToPath(new URL(NAME, own.startsWith('file:') ? own : pathToFileURL(own)));
  return existsSync(file) ? file : null;
}
