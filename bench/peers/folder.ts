import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The root of the repository: compiled code is some folders further down than its source. */
export const ROOT = rootAbove(import.meta.dirname);

/** The package that the peers are installed in. */
export const PEERS = join(ROOT, 'bench', 'peers');

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'bench', 'peers', 'package-lock.json')) && existsSync(join(folder, 'lib'))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error('The root of the repository was not found');
  return rootAbove(above);
}
