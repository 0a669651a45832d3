/** Longest time for which a process that exits waits for a commit: a disk that hangs does not keep it. */
const MAX_COMMIT_MS = 2_000;

const EXITING = 0;
const WRITING = 1;

const open = new Set<ExitGate>();
const shutAll = (): void => {
  for (const gate of open) gate.shut();
};

/**
 * Keeps the end of a process from falling into a transaction of the store's thread. A process that exits stops its
 * threads wherever they are, and better-sqlite3 aborts the whole process (SIGABRT) where one of its statements fails in a
 * thread that is being stopped: the error cannot be made any more. A lock that is busy is enough.
 *
 *     open ──the process exits, or the thread is ended──> shut: what is being written is awaited, and nothing begins
 */
export class ExitGate {
  private readonly flags: Int32Array;

  /** @param buffer shared by both sides; a new one where there is none yet */
  constructor(readonly buffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.flags = new Int32Array(buffer);
  }

  /** In the app's thread: from now on it is shut when the process exits. */
  watch(): void {
    if (open.size === 0) process.on('exit', shutAll);
    open.add(this);
  }

  /** In the app's thread: the other one has ended. */
  forget(): void {
    if (open.delete(this) && open.size === 0) process.off('exit', shutAll);
  }

  /** In the app's thread: returns once nothing is being written, and nothing will be. Blocks. */
  shut(): void {
    Atomics.store(this.flags, EXITING, 1);
    Atomics.wait(this.flags, WRITING, 1, MAX_COMMIT_MS);
  }

  /** In the store's thread: calls `write`; never returns where the gate is shut. */
  pass(write: () => void): void {
    // In this order: `shut` stores the one and then reads the other, so that one of both sides sees the other's.
    Atomics.store(this.flags, WRITING, 1);
    if (Atomics.load(this.flags, EXITING) === 1) {
      this.leave();
      Atomics.wait(this.flags, EXITING, 1);
    }
    try {
      write();
    } finally {
      this.leave();
    }
  }

  private leave(): void {
    Atomics.store(this.flags, WRITING, 0);
    Atomics.notify(this.flags, WRITING);
  }
}
