import { copyFileSync, statSync, truncateSync, type Stats } from 'node:fs';
import { OpenedLog } from './opened-log.js';
import { comparePages } from './strange-log.js';
import { FileHeader, LogIndex, readAt, statOf } from './raw-files.js';

/** Bytes of the log's headers: https://sqlite.org/walformat.html */
const LOG = { header: 32, frameHeader: 24 };

/** Files that SQLite keeps beside the file while it is open. */
const BESIDE = ['-wal', '-shm'] as const;

interface Look {
  readonly stats: Stats;
  readonly header: FileHeader | null;
  /** Null where it cannot be told what had been copied from the log by then. */
  readonly index: LogIndex | null;
}

type Gone = 'deleted or moved away' | 'replaced' | 'truncated' | 'overwritten';

/**
 * Whether the paths still lead to the file, the log and its index that are open. SQLite writes on to files that were
 * deleted or replaced, and fills from its cache what was cut off: every commit would succeed, and all of it would be lost.
 */
export class StoreFile {
  private readonly opened: Stats;
  private readonly beside = new Map<string, Stats>();
  /** Null before there is a log, and where the system does not tell where it is. */
  private log: OpenedLog | null = null;
  /** The file as it was when it was looked at last. */
  private last: Look;
  /** A fault that was found once stays: SQLite may make the file look right again. */
  private spoilt: StoreFileGoneError | null = null;

  /** @param path of a file that is open */
  constructor(private readonly path: string) {
    this.assertBesideInPlace();
    const index = this.readIndex();
    this.opened = statSync(path);
    this.last = { stats: this.opened, header: FileHeader.read(path, this.opened), index };
  }

  /**
   * Costs microseconds, so it is asked before and after each commit.
   * @throws StoreFileGoneError
   */
  assertInPlace(): void {
    this.assertItselfInPlace();
    this.assertBesideInPlace();
  }

  /** Without its log. @throws StoreFileGoneError */
  assertItselfInPlace(): void {
    const index = this.readIndex();
    const now = statSync(this.path, { throwIfNoEntry: false });
    if (!now) throw new StoreFileGoneError(this.path, 'deleted or moved away');
    if (now.ino !== this.opened.ino || now.dev !== this.opened.dev) throw new StoreFileGoneError(this.path, 'replaced');
    this.spoilt ??= this.changeOf(now, index);
    if (this.spoilt) throw this.spoilt;
  }

  /**
   * Only where nobody else can change the log: with the write lock.
   * @throws StoreFileGoneError where the log is shorter than its index says, or another one
   */
  assertLogWhole(): void {
    const [log, index] = BESIDE.map((suffix) => this.beside.get(suffix));
    if (!log || !index) return;
    const known = LogIndex.read(`${this.path}-shm`, index);
    if (known === null) throw new StoreFileGoneError(`${this.path}-shm`, 'truncated');
    if (known.frames === 0) return;
    const whole = LOG.header + known.frames * (LOG.frameHeader + known.pageBytes);
    const last = this.readLog(whole - LOG.frameHeader - known.pageBytes, LOG.frameHeader, log);
    if (last === null || !this.isLogAtLeast(whole)) throw new StoreFileGoneError(`${this.path}-wal`, 'truncated');
    // Where locks were lost, somebody may be writing all the same.
    if (known.isLast(last) || !LogIndex.read(`${this.path}-shm`, index)?.isSameAs(known)) return;
    throw new StoreFileGoneError(`${this.path}-wal`, 'overwritten');
  }

  private readLog(position: number, bytes: number, log: Stats): Buffer | null {
    if (this.log) return this.log.read(position, bytes);
    // Gone since its place was looked at: there is nothing to read of it.
    return statOf(`${this.path}-wal`) && readAt(`${this.path}-wal`, log, position, bytes);
  }

  private isLogAtLeast(bytes: number): boolean {
    if (this.log?.isAtLeast(bytes)) return true;
    return (statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0) >= bytes;
  }

  /** It is looked at no more. */
  close(): void {
    this.log?.close();
    this.log = null;
  }

  /**
   * Before the file is closed, which is when SQLite writes the log into it: where another file was copied over one of the
   * two, the log is put aside, as they do not belong together.
   */
  partFromLog(): void {
    if (!this.isParted()) return;
    const log = `${this.path}-wal`;
    copyFileSync(log, `${log}.of-what-was-overwritten`);
    truncateSync(log);
  }

  private isParted(): boolean {
    try {
      this.assertInPlace();
      this.assertLogWhole();
      return false;
    } catch (error) {
      return error instanceof StoreFileGoneError && error.what === 'overwritten';
    }
  }

  /**
   * Says what something else than SQLite did to the file; null where nothing was done.
   * @param before the index as it was before `now` was looked up
   */
  private changeOf(now: Stats, before: LogIndex | null): StoreFileGoneError | null {
    const { stats, index } = this.last;
    if (now.mtimeMs === stats.mtimeMs && now.size >= stats.size) {
      // The system tells times apart by some milliseconds: something may have been copied.
      const isSame = before && index?.isSameCopy(before);
      if (!isSame) this.last = { stats: now, header: FileHeader.read(this.path, now), index: before };
      return null;
    }
    const header = FileHeader.read(this.path, now);
    // A VACUUM makes the file smaller too, and says so in its header.
    if (now.size < stats.size && now.size < (header?.size ?? Infinity)) {
      return new StoreFileGoneError(this.path, 'truncated');
    }
    const after = this.readIndex();
    const isQuiet = !!before && !!after && !!index && before.isSameCopy(after) && before.isSameCopy(index);
    if (header && this.isOverwritten(header, now, isQuiet && !after.isCopying)) {
      return new StoreFileGoneError(this.path, 'overwritten');
    }
    // Where something was copied from the log meanwhile, the two do not go together.
    const goTogether = before && after?.isSameCopy(before);
    this.last = { stats: now, header, index: goTogether ? after : null };
    return null;
  }

  /** @param unasked nobody has copied anything from the log into the file since it was looked at last */
  private isOverwritten(header: FileHeader, now: Stats, unasked: boolean): boolean {
    const { header: known } = this.last;
    // A backup of this library: what is open has a log.
    if (!header.hasLog) return true;
    if (!known) return false;
    if (header.changes < known.changes) return true;
    return unasked && (!header.equals(known) || comparePages(this.path, now).differ);
  }

  private readIndex(): LogIndex | null {
    const index = this.beside.get('-shm');
    return index ? LogIndex.read(`${this.path}-shm`, index) : null;
  }

  private assertBesideInPlace(): void {
    for (const suffix of BESIDE) {
      if (suffix === '-wal' && this.log?.isInPlace()) continue;
      const path = this.path + suffix;
      const now = statSync(path, { throwIfNoEntry: false });
      const opened = this.beside.get(suffix);
      if (opened === undefined) {
        if (now) this.beside.set(suffix, now);
        if (now && suffix === '-wal') this.log = OpenedLog.of(path, now);
      } else if (!now) throw new StoreFileGoneError(path, 'deleted or moved away');
      else if (now.ino !== opened.ino || now.dev !== opened.dev) throw new StoreFileGoneError(path, 'replaced');
    }
  }
}

/** A fault of the store, as those that SQLite itself reports. */
export class StoreFileGoneError extends Error {
  constructor(
    path: string,
    readonly what: Gone,
  ) {
    super(`${path} was ${what} while it was open, and what is written to it would be lost: ${adviceOn(path, what)}`);
  }
}

function adviceOn(path: string, what: Gone): string {
  const file = path.replace(/-(?:wal|shm)$/, '');
  if (what === 'deleted or moved away') return 'put the file back, or restart the process to begin with what is there';
  return (
    `stop every process that works on it, move ${file}-wal and ${file}-shm away, which belong to the file that was ` +
    'there before, and start again with what is there ("nestjs-tasks restore" puts a backup in its place)'
  );
}
