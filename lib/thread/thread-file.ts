import { fileURLToPath, pathToFileURL } from 'node:url';
import { isAbsolute } from 'node:path';
import { callingFile } from '../engine/common/index.js';

/** `scripts/build-thread.mjs` makes it; whoever bundles an app puts it beside the bundle. */
const NAME = 'nestjs-tasks-thread.cjs';

/** Where the file that the engine's thread runs has to be; null where a thread would not find what it needs. */
export function threadFile(): string | null {
  // Yarn's packages without folders are found by those alone whom Yarn has started.
  if (process.versions['pnp'] !== undefined) return null;
  const own = ownFile();
  return own === undefined ? null : fileURLToPath(new URL(NAME, own));
}

/** A bundle whose modules are texts that are evaluated has names for these that are no files. */
function ownFile(): string | undefined {
  const own = callingFile();
  if (own?.startsWith('file:')) return own;
  const file = own !== undefined && isAbsolute(own) ? own : process.argv[1];
  return file === undefined ? undefined : pathToFileURL(file).href;
}
