import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';

const BYTE = Buffer.alloc(1);

/**
 * The log of a store by a descriptor of its own, to see whether its path still leads to it without asking for its times.
 * Linux from 6.13 on tells times apart that somebody has asked for (multigrain timestamps,
 * https://docs.kernel.org/filesystems/multigrain-ts.html): after a `stat` of the log the next write notes a new time of
 * change, which the commit's sync has to write too. A commit took half as long again.
 *
 * To close it drops no lock of SQLite's, which has none on the log.
 */
export class OpenedLog {
  private constructor(
    private readonly path: string,
    private readonly descriptor: number,
  ) {}

  /** Null where the system does not tell where a descriptor's file is: only Linux does. */
  static of(path: string, { dev, ino }: Stats): OpenedLog | null {
    let descriptor: number | null = null;
    try {
      descriptor = open(path);
      const opened = fstatSync(descriptor);
      const log = new OpenedLog(path, descriptor);
      if (opened.ino === ino && opened.dev === dev && log.isInPlace()) return log;
    } catch {
      // Another system, or one that hides /proc.
    }
    if (descriptor !== null) closeSync(descriptor);
    return null;
  }

  /** False, too, where a folder on the path has another name now: whether that matters a look at the path has to tell. */
  isInPlace(): boolean {
    try {
      return readlinkSync(`/proc/self/fd/${this.descriptor}`) === this.path;
    } catch {
      return false;
    }
  }

  /** Null where there are not as many. */
  read(position: number, bytes: number): Buffer | null {
    const buffer = Buffer.allocUnsafe(bytes);
    return readSync(this.descriptor, buffer, 0, bytes, position) < bytes ? null : buffer;
  }

  isAtLeast(bytes: number): boolean {
    return readSync(this.descriptor, BYTE, 0, 1, bytes - 1) === 1;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** To read it leaves the time of the last read as it is, where the system allows that. */
function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOATIME);
  } catch {
    return openSync(path, constants.O_RDONLY);
  }
}
