import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Two numbers of eight bytes: a task's `seq`, and the attempt. */
const ENTRY_BYTES = 16;
/** Room that is taken at once, so that a disk that fills up later has it. */
const ENTRIES = 4_096;

/** Where a process notes which attempts it has begun. */
export interface StartNotes {
  /** Notes that an attempt begins; returns its place. */
  note(seq: number, attempt: number): number;
  /** The end of the attempt at this place is stored. */
  release(place: number): void;
  close(): void;
}

/**
 * Which attempts a process has begun, in a file beside its heartbeat: what it has claimed ahead and never begun is not to
 * blame for its end, and comes back as if it had never been claimed. A file, because a transaction for each start would
 * cost more than the task; what the process wrote is there when it is killed, though not when the machine is.
 *
 * An entry stays until the end of its attempt is stored, and is then written over.
 */
export class Starts implements StartNotes {
  private readonly free: number[] = [];
  private entries = 0;
  private readonly entry = Buffer.alloc(ENTRY_BYTES);
  private closed = false;

  private constructor(
    private readonly file: string,
    private readonly descriptor: number,
  ) {}

  /** Null where there can be none: whatever the process held counts as begun then. */
  static open(folder: string, id: string): Starts | null {
    const file = fileOf(folder, id);
    try {
      const descriptor = openSync(file, 'w', 0o600);
      const starts = new Starts(file, descriptor);
      try {
        writeSync(descriptor, Buffer.alloc(ENTRIES * ENTRY_BYTES));
        return starts;
      } catch {
        starts.close();
      }
    } catch {
      // A read-only folder.
    }
    return null;
  }

  note(seq: number, attempt: number): number {
    const place = this.free.pop() ?? this.entries++;
    if (this.closed) return place;
    this.entry.writeDoubleLE(seq, 0);
    this.entry.writeDoubleLE(attempt, ENTRY_BYTES / 2);
    try {
      writeSync(this.descriptor, this.entry, 0, ENTRY_BYTES, place * ENTRY_BYTES);
    } catch {
      // Better none than one that leaves out what may have been the cause.
      this.close();
    }
    return place;
  }

  release(place: number): void {
    this.free.push(place);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.descriptor);
    forgetStarts(this.file);
  }

  /** The attempts that a process has begun, as {@link startKey}; null where that is not known. */
  static read(folder: string, id: string): ReadonlySet<string> | null {
    let bytes: Buffer;
    try {
      bytes = readFileSync(fileOf(folder, id));
    } catch {
      return null;
    }
    const begun = new Set<string>();
    for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
      const attempt = bytes.readDoubleLE(at + ENTRY_BYTES / 2);
      if (attempt > 0) begun.add(startKey(bytes.readDoubleLE(at), attempt));
    }
    return begun;
  }

  static forget(folder: string, id: string): void {
    forgetStarts(fileOf(folder, id));
  }
}

export function startKey(seq: number, attempt: number): string {
  return `${seq}:${attempt}`;
}

function forgetStarts(file: string): void {
  try {
    rmSync(file);
  } catch {
    // It is gone, or cannot be removed: it says nothing once nobody is registered under its name.
  }
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id}.begun`);
}
