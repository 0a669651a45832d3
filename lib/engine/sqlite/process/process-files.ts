import { readdirSync } from 'node:fs';
import { Heartbeat } from './heartbeat.js';
import { Starts } from './starts.js';

/** Ids of the processes that have files in the folder. */
export function processesWithFiles(folder: string): ReadonlySet<string> {
  try {
    const files = readdirSync(folder).filter((name) => /\.(?:alive|begun)$/.test(name));
    return new Set(files.map((name) => name.slice(0, name.lastIndexOf('.'))));
  } catch {
    return new Set();
  }
}

/** Clears away the files of a process. Where that cannot be done they stay, and do no harm. */
export function forgetProcess(folder: string, id: string): void {
  Heartbeat.forget(folder, id);
  Starts.forget(folder, id);
}
