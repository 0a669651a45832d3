import { openSync, readSync, statSync, type Stats } from 'node:fs';

/** Of the file's header: https://sqlite.org/fileformat.html#the_database_header */
const HEADER = { bytes: 100, pageSize: 16, pages: 28 };

/**
 * Whether the path still leads to the file that is open. SQLite writes on to a file that was deleted or replaced, and
 * fills from its cache what was cut off: every commit would succeed, and all of it would be lost.
 */
export class StoreFile {
  private readonly opened: Stats;
  private size: number;

  /** @param path of a file that is open */
  constructor(private readonly path: string) {
    this.opened = statSync(path);
    this.size = this.opened.size;
  }

  /**
   * Costs microseconds, so it is asked before each commit.
   * @throws StoreFileGoneError
   */
  assertInPlace(): void {
    const now = statSync(this.path, { throwIfNoEntry: false });
    if (!now) throw new StoreFileGoneError(this.path, 'deleted or moved away');
    if (now.ino !== this.opened.ino || now.dev !== this.opened.dev) throw new StoreFileGoneError(this.path, 'replaced');
    // A VACUUM makes the file smaller too, and says so in its header.
    if (now.size < this.size && now.size < sizeByHeader(this.path, now))
      throw new StoreFileGoneError(this.path, 'truncated');
    this.size = now.size;
  }
}

/** A fault of the store, as those that SQLite itself reports. */
export class StoreFileGoneError extends Error {
  constructor(path: string, what: 'deleted or moved away' | 'replaced' | 'truncated') {
    super(
      `${path} was ${what} while it was open, and what is written to it would be lost: ` +
        'put the file back, or restart the process to begin with what is there',
    );
  }
}

/**
 * By device and inode. Never closed: when a process closes any descriptor of a file, the system drops all locks that it
 * has on that file, SQLite's among them (https://sqlite.org/howtocorrupt.html, 2.2).
 */
const descriptors = new Map<string, number>();

/** Infinity where there is not even a header. */
function sizeByHeader(path: string, { dev, ino }: Stats): number {
  const key = `${dev}:${ino}`;
  let descriptor = descriptors.get(key);
  if (descriptor === undefined) descriptors.set(key, (descriptor = openSync(path, 'r')));
  const header = Buffer.alloc(HEADER.bytes);
  if (readSync(descriptor, header, 0, HEADER.bytes, 0) < HEADER.bytes) return Infinity;
  const pageSize = header.readUInt16BE(HEADER.pageSize);
  // 64 KiB does not fit into the field, and is written as 1.
  return header.readUInt32BE(HEADER.pages) * (pageSize === 1 ? 65_536 : pageSize);
}
