import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';

/**
 * Last bytes of the ranges that SQLite keeps locked while a file is open: in the file itself (SHARED), and in the index of
 * its log, where whoever opens it next sees that it is in use (https://sqlite.org/src/file/src/os_unix.c).
 */
const KEPT = [
  { suffix: '', until: 1_073_742_335 },
  { suffix: '-shm', until: 128 },
] as const;
/** What the system says of a descriptor, a line for each lock: more than SQLite has at any time. */
const SAID_BYTES = 2_048;

interface Kept {
  /** Of `/proc/self/fdinfo/<SQLite's descriptor>`, which is read anew each time. */
  readonly said: number;
  readonly line: RegExp;
}

/**
 * Whether SQLite still has the locks that it took when it opened a file. Locks of POSIX belong to the process: when it
 * closes any descriptor of the file, whoever has opened it, the system drops them all, and SQLite is not told
 * (https://sqlite.org/howtocorrupt.html, 2.2). `fs.readFile` and `fs.copyFile` do that.
 */
export class HeldLocks {
  private constructor(private readonly kept: readonly Kept[]) {}

  /** @returns null where the system does not tell: only Linux does */
  static of(path: string): HeldLocks | null {
    const kept: Kept[] = [];
    for (const { suffix, until } of KEPT) {
      const found = find(path + suffix, until);
      if (found) kept.push(found);
    }
    const locks = new HeldLocks(kept);
    if (kept.length === KEPT.length) return locks;
    locks.close();
    return null;
  }

  areThere(): boolean {
    return this.kept.every(({ said, line }) => line.test(read(said)));
  }

  close(): void {
    for (const { said } of this.kept) closeSync(said);
  }
}

/** The descriptor by which the lock was taken: the system tells of it there alone. */
function find(path: string, until: number): Kept | null {
  const line = new RegExp(`^lock:.* ${until}$`, 'm');
  try {
    const { dev, ino } = statSync(path);
    for (const descriptor of readdirSync('/proc/self/fd').map(Number)) {
      if (!isOf(descriptor, dev, ino)) continue;
      const said = openSync(`/proc/self/fdinfo/${descriptor}`, 'r');
      if (line.test(read(said))) return { said, line };
      closeSync(said);
    }
  } catch {
    // Another system, or one that hides /proc.
  }
  return null;
}

function isOf(descriptor: number, dev: number, ino: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.ino === ino && stats.dev === dev;
  } catch {
    return false;
  }
}

function read(said: number): string {
  const buffer = Buffer.allocUnsafe(SAID_BYTES);
  return buffer.toString('latin1', 0, readSync(said, buffer, 0, SAID_BYTES, 0));
}
