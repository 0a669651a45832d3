import { readFileSync, statSync } from 'node:fs';
import { birthOf, ownIdentity, processStateOf, type ProcessIdentity, type ProcessState } from './process-identity.js';

/** The byte of the log's index that a process locks that writes (https://sqlite.org/walformat.html#wal_locks). */
const WRITE_LOCK = 120;

/** A process that keeps others from writing, and what the system says of it. */
export interface WritingProcess extends ProcessIdentity {
  readonly state: ProcessState;
}

/**
 * The process that has SQLite's write lock on a file, whatever program it is; null where none has, or that cannot be told:
 * only Linux tells, of processes that can be seen from here.
 */
export function lockHolder(path: string): WritingProcess | null {
  try {
    const { ino } = statSync(`${path}-shm`);
    const lock = new RegExp(`WRITE (\\d+) [0-9a-f]+:[0-9a-f]+:${ino} (\\d+) (\\d+)$`);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, pid, from, to] = lock.exec(line) ?? [];
      if (pid === undefined || Number(from) > WRITE_LOCK || Number(to) < WRITE_LOCK || Number(pid) === process.pid)
        continue;
      return seenFromHere(Number(pid));
    }
  } catch {
    // Another system, or one that hides /proc.
  }
  return null;
}

function seenFromHere(pid: number): WritingProcess {
  const own = ownIdentity();
  const identity = { ...own, pid, pidBirth: birthOf(pid) };
  return { ...identity, state: processStateOf(identity, own) };
}

/** In words, such as "process 12 on web-1, which is stopped (SIGSTOP, or a debugger)". */
export function describeProcess({ pid, host, state }: WritingProcess): string {
  return `process ${pid} on ${host}${state === 'stopped' ? ', which is stopped (SIGSTOP, or a debugger),' : ''}`;
}
