import { askFor } from './ask-for.js';

/** Stands in for `lib/thread/thread-file.ts`: a thread runs no TypeScript, so what it runs is bundled once for the run. */
const file = process.env['TASKS_THREAD'] === 'off' ? null : (await askFor('thread')).file;

export function threadFile(): string | null {
  return file;
}
