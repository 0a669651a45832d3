import type { Stats } from 'node:fs';
import { monotonicTime, sleep } from '../../../clock/index.js';
import { messageOf, StoreError } from '../../../contract/index.js';
import type { EngineLogger } from '../../port/index.js';
import { holdOthersOff } from '../process/hold-others-off.js';
import { WritersNote } from '../process/writers-note.js';
import type { Database } from './database.js';
import { IN_MEMORY } from './database-path.js';
import { loadDriver } from './driver.js';
import { HeldLocks } from './held-locks.js';
import { closeUnusedFiles, statOf } from './raw-files.js';
import { patiently } from './retry-while-busy.js';
import { StoreFile } from './store-file.js';

/** How soon a loss of locks is told of again. */
const REPEAT_AFTER_MS = 60_000;
/** How often, and how many times, locks are taken anew while something else in this process has the file open. */
const REOPEN = { everyMs: 100, times: 50 };
const HOW_TO_COPY = 'Copy the file with "nestjs-tasks backup" or backupTasks(), which read through SQLite.';

/** A database that is open, and what closes it. */
export interface OpenDatabase {
  readonly database: Database;
  readonly end: () => Promise<void> | void;
}

/** What it takes to open a file. */
export interface Opening {
  /** The one name of the file, see {@link realPath}, or `:memory:`. */
  readonly path: string;
  readonly synchronous: 'full' | 'normal';
  readonly connect: () => Promise<OpenDatabase>;
  /** Brings the tables up to date, within a transaction. */
  readonly migrate: () => Promise<void>;
  readonly logger: Pick<EngineLogger, 'warn'>;
}

/** A file that SQLite has open, and what keeps it whole: it stays where it is, its locks are held, and nobody else writes. */
export class OpenFile {
  /** Another one after locks were lost. */
  database!: Database;
  /** Where the file is; null before it is known to be ours, and where there is none. */
  place: StoreFile | null = null;
  /** Null where the system does not tell of locks: only Linux does. */
  private locks: HeldLocks | null = null;
  /** Who writes to it; null where there is no file. */
  readonly note: WritersNote | null;
  private end: OpenDatabase['end'] = () => undefined;
  private silentUntil = 0;
  /** Close other connections of this process: SQLite takes its locks anew only when all are closed. */
  readonly releases = new Set<() => Promise<void>>();

  constructor(readonly opening: Opening) {
    this.note = opening.path === IN_MEMORY ? null : new WritersNote(opening.path);
  }

  /** Until the note is given back nobody else writes. */
  async open(): Promise<void> {
    await this.holdOthersOff();
    await this.connect(this.opening.connect);
  }

  /** The file is open, and is known to be ours. */
  watch(): void {
    if (this.note === null) return;
    this.place = new StoreFile(this.opening.path);
    this.locks = HeldLocks.of(this.opening.path);
  }

  async close(): Promise<void> {
    await this.holdOthersOff();
    try {
      this.place?.partFromLog();
      await this.end();
    } finally {
      this.letGo();
    }
    closeUnusedFiles();
  }

  /** It could not be opened. */
  async giveUp(): Promise<void> {
    try {
      await this.end();
    } finally {
      this.letGo();
    }
  }

  /**
   * Null where SQLite still has its locks. Whoever changed the file in this process has lost them too: the change is what
   * is told of.
   * @throws StoreFileGoneError
   */
  lossOfLocks(): LocksLostError | null {
    if (this.locks?.areThere() !== false) return null;
    this.place?.assertItselfInPlace();
    return new LocksLostError(this.opening.path);
  }

  /**
   * Opens the file anew, as locks were lost.
   * @throws StoreError where that is not possible
   */
  async reopen(reason: LocksLostError): Promise<void> {
    const { logger } = this.opening;
    try {
      for (let times = 1; !(await this.takeLocks()); times += 1) {
        if (times === REOPEN.times) throw new Error('another connection of this process has it open');
        await sleep(REOPEN.everyMs);
      }
    } catch (error) {
      const lost = new StoreError(
        `${reason.message}. They could not be taken anew: ${messageOf(error)}. Restart the process. ${HOW_TO_COPY}`,
        { cause: error },
      );
      logger.warn(lost.message);
      throw lost;
    }
    if (monotonicTime() < this.silentUntil) return;
    this.silentUntil = monotonicTime() + REPEAT_AFTER_MS;
    logger.warn(`${reason.message}. They were taken anew, and nothing is lost. ${HOW_TO_COPY}`);
  }

  /** Resolves to whether the locks are there then: where not, another connection of this process was never closed. */
  private async takeLocks(): Promise<boolean> {
    const { path } = this.opening;
    for (const release of this.releases) await release();
    await this.holdOthersOff();
    try {
      await this.end();
      this.forget();
      await this.connect(() => connectTo(path));
      // Takes the lock on the index of the log.
      this.database.pragma('schema_version');
      this.watch();
      return this.locks !== null;
    } finally {
      this.note?.give();
    }
  }

  private async connect(connect: Opening['connect']): Promise<void> {
    const before = this.fileThere();
    ({ database: this.database, end: this.end } = await connect());
    // Who restores a backup may have had the lock until now, and have put another file there: the log would be beside that.
    await patiently(() => {
      this.assertThere(before);
      this.configure();
    });
    this.assertThere(before);
  }

  private fileThere(): Stats | null {
    return this.note && statOf(this.opening.path);
  }

  private assertThere(before: Stats | null): void {
    const now = this.fileThere();
    if (before?.ino !== now?.ino || before?.dev !== now?.dev) throw new OtherFileError(this.opening.path);
  }

  private configure(): void {
    const { database, opening } = this;
    if (this.note) database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${opening.synchronous === 'full' ? 'FULL' : 'NORMAL'}`);
    database.pragma('journal_size_limit = 67108864');
    database.pragma('cache_size = -32000');
    database.pragma('temp_store = MEMORY');
    database.pragma('foreign_keys = ON');
  }

  private async holdOthersOff(): Promise<void> {
    if (this.note) await holdOthersOff(this.note);
  }

  private letGo(): void {
    this.forget();
    this.note?.give();
    this.note?.close();
  }

  private forget(): void {
    this.locks?.close();
    this.locks = null;
    this.place?.close();
    this.place = null;
  }
}

/** Opens a file that is there, without TypeORM. */
export async function connectTo(path: string): Promise<OpenDatabase> {
  const Driver = await loadDriver();
  const database = await patiently(() => new Driver(path, { fileMustExist: true, timeout: 0 }));
  return { database, end: () => void database.close() };
}

/** Somebody put another file there while it was being opened. */
export class OtherFileError extends Error {
  constructor(path: string) {
    super(`${path} was replaced again and again while it was being opened`);
  }
}

/** The process that opened the file has lost SQLite's locks on it. */
export class LocksLostError extends Error {
  constructor(path: string) {
    super(
      `${path} was read by this process in another way than through SQLite (fs.readFile, fs.copyFile): when that was ` +
        "closed, the system dropped SQLite's locks, which keep processes from writing at the same time",
    );
  }
}
