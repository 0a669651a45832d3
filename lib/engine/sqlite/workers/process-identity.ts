import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells one process from another on this machine, also after its pid was given to somebody else. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Two processes with the same value see each other's pids: same boot, same pid namespace (containers have their own). */
  readonly pidSpace: string;
  /** When it began, in the system's own words; null where the system does not tell. */
  readonly pidBirth: string | null;
}

export function ownIdentity(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, pidSpace: ownPidSpace(), pidBirth: birthOf(process.pid) };
}

/** Whether a process is known to be gone. False says nothing: it may live in a place that cannot be seen from here. */
export function isKnownGone(other: ProcessIdentity, own: ProcessIdentity): boolean {
  if (other.pidSpace !== own.pidSpace) return false;
  if (!pidExists(other.pid)) return true;
  const birth = birthOf(other.pid);
  return birth !== null && other.pidBirth !== null && birth !== other.pidBirth;
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function ownPidSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Without /proc there are no pid namespaces to tell apart; the host name still tells machines apart.
    return hostname();
  }
}

/** Field 22 of /proc/PID/stat: the start time in ticks since boot. The fields follow the command's closing bracket. */
function birthOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process that ended but whose parent has not asked for its exit code (state Z) runs nothing any more.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}
