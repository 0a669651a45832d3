import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicTime } from '../../../clock/index.js';
import { folderModeOf, heartbeatFolder } from './heartbeat.js';
import type { WritingProcess } from './lock-holder.js';
import { ownIdentity, processStateOf, type ProcessIdentity } from './process-identity.js';

const NAME = 'writer';
/** More than an identity takes, and no more than the system writes at once. */
const BYTES = 1_024;
/** Where the number of the commit is, by which two notes of one process differ. */
const COUNT_AT = BYTES - 4;
/** First byte of the note. */
const SOMEBODY = '+';
const NOBODY = Buffer.from('-');
/**
 * How long a note is believed of which cannot be told whether its process still lives, as in another container: longer
 * than a commit takes. A process that ended in the middle of one holds the others up for so long.
 */
const BELIEVED_MS = 2_000;

/** Where the note of a store is; null where no other process can share it. */
export function noteFileOf(path: string): string | null {
  const folder = heartbeatFolder(path);
  return folder === null ? null : join(folder, NAME);
}

/**
 * A note beside the store of which process is writing to it. It is read and written by whoever has SQLite's lock, and so
 * tells when the lock is no longer the writer's: the system drops the locks of a process that closes any descriptor of the
 * file, in the middle of a commit too (see {@link HeldLocks}), and two would then write over each other.
 *
 *     free ──take()──> mine ──give()──> free
 *      ^                 │      │         ^
 *      │                 │      └─ it could not be written: owed ──renew(), again and again
 *      └── its process is gone, or cannot be seen and has been silent for long
 *
 * Where it cannot be kept, as in a folder that is read-only, SQLite's lock alone has to do.
 */
export class WritersNote {
  private descriptor: number | null = null;
  private readonly own = ownIdentity();
  private readonly mine = Buffer.alloc(BYTES, ' ');
  private readonly found = Buffer.alloc(BYTES);
  private count = 0;
  private taken = false;
  /** It stands there as this process's, and could not be given back: nobody else writes until it is. */
  private owed = false;
  /** A note that may be of a dead process, and since when it has been there. */
  private doubted = { note: this.mine, since: 0 };

  /** @param path of the store's file */
  constructor(private readonly path: string) {
    this.mine.write(`${SOMEBODY}${JSON.stringify(this.own)}`);
    this.open();
  }

  /**
   * Called with SQLite's lock. Without it, the note is looked at again in another turn.
   * @throws WriterBusyError where another process has not come to the end of its commit
   */
  take(): void {
    const writing = this.writing();
    if (writing) throw new WriterBusyError(writing);
    this.count = (this.count + 1) % 2 ** 32;
    this.mine.writeUInt32LE(this.count, COUNT_AT);
    this.taken = true;
    this.owed = false;
    if (this.write(this.mine)) return;
    // A full disk, where the note is the first one. What stands there is not known.
    this.owed = true;
    this.close();
  }

  /**
   * Called before the commit, as the lock may have been lost while the note was taken.
   * @throws WriterBusyError where another process took it too
   */
  assertMine(): void {
    if (!this.read() || this.found.equals(this.mine)) return;
    throw new WriterBusyError(identityIn(this.found) ?? this.own);
  }

  /** Leaves it as it is where another process has it. */
  give(): void {
    if (this.taken && this.descriptor !== null) {
      if (!this.read()) this.owed = true;
      else if (this.found.equals(this.mine)) this.owed = !this.write(NOBODY);
    }
    this.taken = false;
  }

  /** The other process that is writing; null where none is, or it is dead. */
  writing(): WritingProcess | null {
    if (!this.read() || this.found[0] !== SOMEBODY.charCodeAt(0)) return null;
    const noted = identityIn(this.found);
    if (noted === null || isSame(noted, this.own)) return null;
    const state = processStateOf(noted, this.own);
    if (state === 'gone' || (state === 'unknown' && this.isTooOld())) return null;
    return { ...noted, state };
  }

  /** Makes the file anew where somebody has tidied up, and gives back what could not be given back before. */
  renew(): void {
    if (this.descriptor === null || fstatSync(this.descriptor).nlink === 0) {
      this.close();
      this.open();
    }
    if (this.owed && !this.taken) this.giveBack();
  }

  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
  }

  private giveBack(): void {
    if (!this.read()) return;
    const noted = this.found[0] === SOMEBODY.charCodeAt(0) ? identityIn(this.found) : null;
    this.owed = noted !== null && isSame(noted, this.own) && !this.write(NOBODY);
  }

  private open(): void {
    const folder = heartbeatFolder(this.path);
    if (folder === null) return;
    try {
      const mode = folderModeOf(folder);
      mkdirSync(folder, { recursive: true, mode });
      this.descriptor = openSync(join(folder, NAME), constants.O_RDWR | constants.O_CREAT, mode & 0o666);
    } catch {
      this.descriptor = null;
    }
  }

  private isTooOld(): boolean {
    const now = monotonicTime();
    if (!this.found.equals(this.doubted.note)) this.doubted = { note: Buffer.from(this.found), since: now };
    return now - this.doubted.since > BELIEVED_MS;
  }

  private read(): boolean {
    if (this.descriptor === null) return false;
    try {
      return readSync(this.descriptor, this.found, 0, BYTES, 0) === BYTES;
    } catch {
      return false;
    }
  }

  /** Returns whether it stands there, or nothing does. */
  private write(note: Buffer): boolean {
    if (this.descriptor === null) return true;
    try {
      return writeSync(this.descriptor, note, 0, note.length, 0) === note.length;
    } catch {
      return false;
    }
  }
}

function identityIn(note: Buffer): ProcessIdentity | null {
  try {
    return JSON.parse(note.toString('utf8', 1, COUNT_AT)) as ProcessIdentity;
  } catch {
    return null;
  }
}

/** Looks like a lock that somebody holds, which is what it is. */
export class WriterBusyError extends Error {
  readonly code = 'SQLITE_BUSY_WRITER';

  constructor({ pid, host }: ProcessIdentity) {
    super(`process ${pid} on ${host} is in the middle of a commit`);
  }
}

function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.pidSpace === other.pidSpace && one.pidBirth === other.pidBirth;
}
