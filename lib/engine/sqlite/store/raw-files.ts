import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  type Stats,
} from 'node:fs';
import { endianness } from 'node:os';

/*
 * Files of a store as bytes, without SQLite: https://sqlite.org/fileformat.html and https://sqlite.org/walformat.html
 */

const LITTLE = endianness() === 'LE';

/**
 * By device and inode. One is not closed while its file is there: when a process closes any descriptor of a file, the
 * system drops all locks that it has on that file, SQLite's among them (https://sqlite.org/howtocorrupt.html, 2.2).
 */
const descriptors = new Map<string, number>();
/** Of threads that have ended. */
const adopted = new Set<number>();
/**
 * How those of the process's other threads are told from SQLite's: it changes nothing for a file, and SQLite does not ask
 * for it. Windows has no such thing.
 */
const MARK = constants.O_NONBLOCK ?? 0;

/** So many bytes from a place in a file; null where there are not as many. */
export function readAt(path: string, { dev, ino }: Stats, position: number, bytes: number): Buffer | null {
  const key = `${dev}:${ino}`;
  let descriptor = descriptors.get(key);
  if (descriptor === undefined) descriptors.set(key, (descriptor = openSync(path, constants.O_RDONLY | MARK)));
  const buffer = Buffer.alloc(bytes);
  return readSync(descriptor, buffer, 0, bytes, position) < bytes ? null : buffer;
}

/**
 * Closes what was read of files that SQLite has not open in this process any more, and so has no lock on: those that are
 * gone, as SQLite takes the files beside a store away when the last connection to it is closed, and where the system tells
 * (Linux) the others. Kept open, each boot would leave some behind. What another thread has read is its own to close.
 */
export function closeUnusedFiles(): void {
  const used = filesInUse();
  const closed = (descriptor: number): boolean => {
    const { dev, ino, nlink } = fstatSync(descriptor);
    if (nlink > 0 && used?.has(`${dev}:${ino}`) !== false) return false;
    closeSync(descriptor);
    return true;
  };
  for (const [key, descriptor] of descriptors) if (closed(descriptor)) descriptors.delete(key);
  for (const descriptor of adopted) if (closed(descriptor)) adopted.delete(descriptor);
}

/** What this thread read, and may not close as another connection of the process has it open: for whoever outlives it. */
export function leaveFiles(): number[] {
  const left = [...descriptors.values()];
  descriptors.clear();
  return left;
}

/** Closes in time what a thread has left that is gone by now. */
export function adoptFiles(left: readonly number[]): void {
  for (const descriptor of left) adopted.add(descriptor);
}

/** Those that this process has a descriptor of which was not opened here, by whichever thread. */
function filesInUse(): Set<string> | null {
  try {
    const used = new Set<string>();
    for (const name of readdirSync('/proc/self/fd')) {
      const key = fileBehind(Number(name));
      if (key !== null && !isMarked(name)) used.add(key);
    }
    return used;
  } catch {
    return null;
  }
}

function isMarked(descriptor: string): boolean {
  const [, flags] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
  return flags !== undefined && (Number.parseInt(flags, 8) & MARK) !== 0;
}

function fileBehind(descriptor: number): string | null {
  try {
    const { dev, ino } = fstatSync(descriptor);
    return `${dev}:${ino}`;
  } catch {
    // That of the listing itself.
    return null;
  }
}

/** Null where there is nothing, or nothing that can be looked at: SQLite says why. */
export function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** The header of a store's file. */
export class FileHeader {
  private static readonly BYTES = 100;

  private constructor(private readonly bytes: Buffer) {}

  /** Null where there is not even a header. */
  static read(path: string, file: Stats): FileHeader | null {
    const bytes = readAt(path, file, 0, FileHeader.BYTES);
    return bytes && new FileHeader(bytes);
  }

  /** False for a file that no log belongs to: a backup of this library, or of `VACUUM INTO`. */
  get hasLog(): boolean {
    return this.bytes[18] !== 1;
  }

  /** Rises with changes to the file, though not with each. */
  get changes(): number {
    return this.bytes.readUInt32BE(24);
  }

  /** In bytes. */
  get size(): number {
    return this.bytes.readUInt32BE(28) * pageBytes(this.bytes.readUInt16BE(16));
  }

  equals(other: FileHeader): boolean {
    return this.bytes.equals(other.bytes);
  }
}

/** The header of the log's index, which processes that have the file open share. */
export class LogIndex {
  private static readonly BYTES = 136;

  private constructor(private readonly bytes: Buffer) {}

  static read(path: string, index: Stats): LogIndex | null {
    const bytes = readAt(path, index, 0, LogIndex.BYTES);
    return bytes && new LogIndex(bytes);
  }

  /** How many frames the log has. */
  get frames(): number {
    return this.number(16);
  }

  get pageBytes(): number {
    return pageBytes(LITTLE ? this.bytes.readUInt16LE(14) : this.bytes.readUInt16BE(14));
  }

  /** Of the log: others each time it begins anew. */
  get salts(): Buffer {
    return this.bytes.subarray(32, 40);
  }

  /** Whether a frame of the log, by its header, is the last one that was committed. */
  isLast(frameHeader: Buffer): boolean {
    return (
      frameHeader.subarray(8, 16).equals(this.salts) &&
      frameHeader.readUInt32BE(16) === this.number(24) &&
      frameHeader.readUInt32BE(20) === this.number(28)
    );
  }

  /** How many frames are in the file for sure. */
  get copied(): number {
    return this.number(96);
  }

  /** Whether somebody is copying frames into the file, or died while doing so. */
  get isCopying(): boolean {
    return this.copied < this.number(128);
  }

  /** Whether nothing was copied into the file between the one look and the other. */
  isSameCopy(other: LogIndex): boolean {
    return this.salts.equals(other.salts) && this.copied === other.copied && this.number(128) === other.number(128);
  }

  /** Whether nothing was written to the log or copied from it between the one look and the other. */
  isSameAs(other: LogIndex): boolean {
    return this.isSameCopy(other) && this.frames === other.frames;
  }

  private number(place: number): number {
    return LITTLE ? this.bytes.readUInt32LE(place) : this.bytes.readUInt32BE(place);
  }
}

/** 64 KiB does not fit into the field, and is written as 1. */
function pageBytes(stored: number): number {
  return stored === 1 ? 65_536 : stored;
}
