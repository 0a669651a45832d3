import { type FSWatcher, watch } from 'node:fs';
import { noteFileOf } from './writers-note.js';

/**
 * Tells at once that some process writes to a store, this one or another: each leaves a note beside the file before its commit
 * and takes it back after it (see {@link WritersNote}), and the system tells of both.
 */
export class NoteWatch {
  private readonly file: string | null;
  private watcher: FSWatcher | null = null;

  /** @param path of the store's file */
  constructor(
    path: string,
    private readonly onNote: () => void,
  ) {
    this.file = noteFileOf(path);
  }

  /** Does nothing where it watches already, and where it cannot: there is no note yet, or the system has no room for a watch. */
  start(): void {
    if (this.watcher || this.file === null) return;
    try {
      const watcher = watch(this.file, { persistent: false }, (event) => {
        // Somebody has tidied up, and another file takes its place.
        if (event === 'rename') this.stop();
        else this.onNote();
      });
      watcher.on('error', () => this.stop());
      this.watcher = watcher;
    } catch {
      this.watcher = null;
    }
  }

  stop(): void {
    this.watcher?.close();
    this.watcher = null;
  }
}
