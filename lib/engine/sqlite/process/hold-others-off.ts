import { monotonicTime, sleep } from '../../../clock/index.js';
import { WriterBusyError, type WritersNote } from './writers-note.js';

/** How long another process may go on writing while this one opens, closes or replaces the file. */
const HOLD_OFF_MS = 5_000;
const LOOK_AT_NOTE_EVERY_MS = 1;

/**
 * Before a file is opened, closed or replaced: SQLite makes the log or its index anew where it sees nobody at work. Until
 * the note is given back nobody else writes, and nobody of this library opens the file.
 */
export async function holdOthersOff(note: WritersNote): Promise<void> {
  const deadline = monotonicTime() + HOLD_OFF_MS;
  while (monotonicTime() < deadline) {
    try {
      note.take();
      await sleep(LOOK_AT_NOTE_EVERY_MS);
      note.assertMine();
      return;
    } catch (error) {
      if (!(error instanceof WriterBusyError)) throw error;
      await sleep(LOOK_AT_NOTE_EVERY_MS);
    }
  }
}
