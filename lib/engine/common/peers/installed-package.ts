import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { callingFile } from './calling-file.js';

/** What the package.json of a package says, as far as it decides whether the package can be loaded. */
export interface InstalledPackage {
  readonly version: string;
  /** Its `engines.node`, such as `>=22`; null where it has none. */
  readonly node: string | null;
}

/**
 * The package that an import of `name` would load. Nothing of it is run: a native module that is not made for this Node
 * may end the process while it is loaded.
 *
 * @param from files whose imports are asked for, the most telling first
 * @returns null where it is not found, as in a bundle that contains it
 */
export function installedPackage(name: string, from: readonly string[] = filesToSearchFrom()): InstalledPackage | null {
  for (const file of from) {
    const manifest = manifestOf(name, file);
    if (manifest === null) continue;
    const { version, engines } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
    return { version: version ?? '0.0.0', node: engines?.node ?? null };
  }
  return null;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly engines?: { readonly node?: string };
}

/** This file first, as the library's own imports are what counts; a bundler may have put it where no packages are. */
function filesToSearchFrom(): string[] {
  return [callingFile(), process.argv[1], join(process.cwd(), 'package.json')].filter((file) => file !== undefined);
}

function manifestOf(name: string, file: string): string | null {
  return resolved(`${name}/package.json`, file) ?? manifestAbove(resolved(name, file), name);
}

function resolved(request: string, file: string): string | null {
  try {
    return createRequire(file).resolve(request);
  } catch {
    return null;
  }
}

/** A package may keep its package.json to itself, but not the folder that it is in. */
function manifestAbove(entry: string | null, name: string): string | null {
  for (let folder = entry && dirname(entry); folder && folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (!existsSync(manifest)) continue;
    if ((JSON.parse(readFileSync(manifest, 'utf8')) as Manifest).name === name) return manifest;
  }
  return null;
}
