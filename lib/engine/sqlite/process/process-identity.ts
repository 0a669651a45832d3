import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The identity of a process on this machine, which holds also after its pid was given to another one. */
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

/**
 * What the system says of a process. `stopped`: it is there and is not let run (SIGSTOP, a debugger); `unknown`: it is in
 * a place that cannot be seen from here, or the system does not tell processes apart.
 */
export type ProcessState = 'gone' | 'alive' | 'stopped' | 'unknown';

export function processStateOf(other: ProcessIdentity, own: ProcessIdentity): ProcessState {
  if (other.pidSpace !== own.pidSpace) return 'unknown';
  if (!pidExists(other.pid)) return 'gone';
  const found = lookAt(other.pid);
  if (found?.state === 'Z') return 'gone';
  if (found === null || other.pidBirth === null) return 'unknown';
  if (found.birth !== other.pidBirth) return 'gone';
  return found.state === 'T' || found.state === 't' ? 'stopped' : 'alive';
}

/** Whether the machine has been up since the other process began. */
export function sameBoot(other: ProcessIdentity, own: ProcessIdentity): boolean {
  return other.pidSpace.split(' ')[0] === own.pidSpace.split(' ')[0];
}

/** Whether a process is known to be gone. False says nothing: it may live in a place that cannot be seen from here. */
export function isKnownGone(other: ProcessIdentity, own: ProcessIdentity): boolean {
  return processStateOf(other, own) === 'gone';
}

/** When a process began, as in {@link ProcessIdentity}. */
export function birthOf(pid: number): string | null {
  return lookAt(pid)?.birth ?? null;
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

/**
 * Fields 3 and 22 of /proc/PID/stat: the state, and the start time in ticks since boot. The fields follow the command's
 * closing bracket. State Z: ended, but its parent has not asked for its exit code; it runs nothing any more.
 */
function lookAt(pid: number): { readonly state: string; readonly birth: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, birth: fields[19]! };
  } catch {
    return null;
  }
}
