import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { monotonicTime } from '../../../clock/index.js';
import type { EngineLogger } from '../../port/index.js';
import type { Connection } from './connection.js';
import { IN_MEMORY } from './database-path.js';
import { statement } from './statement.js';
import type { CommitListener } from './transaction.js';

/** Pages in the log that are not yet in the database, from which on the thread is asked to copy them. */
const COPY_FROM = 500;
/**
 * Pages in the log at which a commit copies what is left, after which the log begins anew. A page has 4 KiB. Few, as a
 * commit that makes the file longer takes twice as long as one that writes where the log has been before.
 */
const BEGIN_ANEW_AT = 1_500;
/** A log of so many pages, 64 MiB, is told of: somebody keeps it from beginning anew. Then at each doubling. */
const LONG = 16_384;
const PAGE_BYTES = 4_096;
/** Pages after which SQLite checkpoints by itself, without a thread. */
const SQLITES_OWN = 1_000;
/** How soon after a look at the log the next one is taken. It costs some microseconds. */
const LOOK_AFTER_MS = 20;

/**
 * Copies pages whenever it is told to. Given as text, because a path to a file would have to hold in ESM, CommonJS and
 * bundles alike. PASSIVE waits for nobody and keeps nobody waiting.
 */
const COPY = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Database = require(workerData.driver);
  const database = new Database(workerData.file, { fileMustExist: true, timeout: 0 });
  database.pragma('synchronous = FULL');
  database.pragma('cache_size = -1000');
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  parentPort.on('message', (message) => {
    if (message === 'close') {
      database.close();
      parentPort.close();
      return;
    }
    try { checkpoint.get(); } catch {}
    parentPort.postMessage('copied');
  });
`;

/**
 * Takes checkpoints off the event loop. A commit appends to the log (WAL); sooner or later the pages have to be copied
 * from there into the database and synced, which SQLite does in whichever commit finds a thousand of them: it then takes
 * ten times as long, some times a second under load. Here a thread copies them as they come. What is left for a commit
 * is what came meanwhile, when the log is long enough to begin anew, and that is little.
 *
 *     no thread ──much to copy──> idle <──copied / much to copy──> copying
 *         ^                         │
 *         └── it failed: SQLite does it by itself, in commits
 *
 * Durability is none of its concern: a commit is synced in the log before it is acknowledged.
 */
export class Checkpointer implements CommitListener {
  private thread: Worker | null = null;
  private copying = false;
  private lookAt = 0;
  private readonly possible: boolean;

  /** Pages at which the log is told of next. */
  private tellAt = LONG;

  constructor(
    private readonly connection: Connection,
    private readonly logger: Pick<EngineLogger, 'warn'>,
  ) {
    this.possible = connection.path !== IN_MEMORY && canLook(connection);
    connection.onRelease(() => this.endThread());
  }

  /** Something was committed: the log is longer now. */
  committed(): void {
    if (!this.possible || this.copying) return;
    const now = monotonicTime();
    if (now < this.lookAt) return;
    this.lookAt = now + LOOK_AFTER_MS;
    const { log, checkpointed } = statement<[], { log: number; checkpointed: number }>(
      this.connection.database,
      'PRAGMA wal_checkpoint(NOOP)',
    ).get()!;
    this.tellOfLength(log);
    if (log - checkpointed < COPY_FROM) return;
    this.thread ??= this.start();
    if (!this.thread) return;
    this.copying = true;
    tell(this.thread, 'copy');
  }

  private tellOfLength(log: number): void {
    if (log < this.tellAt) {
      if (log < LONG) this.tellAt = LONG;
      return;
    }
    this.tellAt = log * 2;
    const { path } = this.connection;
    this.logger.warn(
      `The log ${path}-wal has grown to ${Math.round((log * PAGE_BYTES) / 1024 ** 2)} MiB and cannot begin anew: somebody ` +
        `has been reading from ${path} in one transaction since it was shorter. Look for a backup, a report or a shell that ` +
        `has it open, and for an app's transaction that was never ended. Nothing is lost; the disk fills up.`,
    );
  }

  /** Before the connection is closed: the last one that closes takes the log away. */
  async close(): Promise<void> {
    await this.endThread();
    this.lookAt = Infinity;
  }

  /** Another one begins when there is something to copy again. */
  private async endThread(): Promise<void> {
    const { thread } = this;
    if (!thread) return;
    this.copying = true;
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
    thread.ref();
    tell(thread, 'close');
    await ended;
    this.copying = false;
    this.lookAt = 0;
  }

  private start(): Worker | null {
    const driver = loadedDriver();
    // Not tried again: what is missing now will be missing.
    if (driver === null) {
      this.lookAt = Infinity;
      return null;
    }
    const thread = new Worker(COPY, {
      eval: true,
      workerData: { driver, file: this.connection.path },
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    });
    thread.on('message', () => (this.copying = false));
    // Followed by its exit.
    thread.on('error', () => undefined);
    thread.on('exit', () => this.carryOnWithout());
    thread.unref();
    this.commitsCopyAt(BEGIN_ANEW_AT);
    return thread;
  }

  private carryOnWithout(): void {
    this.thread = null;
    this.lookAt = Infinity;
    this.commitsCopyAt(SQLITES_OWN);
  }

  private commitsCopyAt(pages: number): void {
    if (this.connection.database.open) this.connection.database.pragma(`wal_autocheckpoint = ${pages}`);
  }
}

function tell(thread: Worker, message: 'copy' | 'close'): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  thread.postMessage(message);
}

/** Before 3.51 SQLite takes NOOP for a checkpoint. */
function canLook({ database }: Connection): boolean {
  const version = database.prepare<[], string>('SELECT sqlite_version()').pluck().get()!;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 51);
}

/**
 * Path of the driver that this process has loaded, whoever loaded it from wherever: only from here could the thread not
 * tell how the app would find it. Null where modules are kept in another way, as under Jest.
 */
function loadedDriver(): string | null {
  const { cache } = createRequire(process.execPath);
  return Object.keys(cache).find((path) => /[\\/]better-sqlite3[\\/]lib[\\/]index\.js$/.test(path)) ?? null;
}
