import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { statOf } from './raw-files.js';

const ASIDE = 'before-restore-';

/** The name under which a restore keeps the file that was there. */
export function nameAside(file: string, time: number): string {
  return `${file}.${ASIDE}${new Date(time).toISOString().replaceAll(/[-:.]/g, '')}`;
}

/**
 * Such names that lead to the file itself: a restore gives it one before it changes anything else, and was killed, or is
 * under way.
 */
export function namesAside(file: string): string[] {
  const own = statOf(file);
  if (own === null || own.nlink < 2) return [];
  const beginning = `${basename(file)}.${ASIDE}`;
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(beginning))
    .map((name) => join(dirname(file), name))
    .filter((path) => {
      const other = statOf(path);
      return other?.ino === own.ino && other.dev === own.dev;
    });
}
