import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../support/servers/find-program.js';

/**
 * Errors of the system's own file calls, by libfiu (https://blitiri.com.ar/p/libfiu/): its libraries are loaded into
 * every process and do nothing until they are told to. SQLite writes with `pwrite` and nothing else here does, so its
 * files alone are hit.
 */
const LIBRARIES = ['fiu_run_preload.so', 'fiu_posix_preload.so'].map((name) => join('/usr/lib/fiu', name));

const POINTS = ['posix/io/rw/pwrite', 'posix/io/sync/fsync', 'posix/io/sync/fdatasync', 'posix/io/rw/ftruncate'];
const EIO = 5;
const run = promisify(execFile);

/** Why it cannot be done on this machine; null where it can. */
export function whyNoFailingIo(): string | null {
  const there = findProgram('fiu-ctrl') && LIBRARIES.every((library) => existsSync(library));
  return there ? null : 'libfiu is not installed (Debian: fiu-utils)';
}

/** What a process is started with, so that its calls can be made to fail. */
export function failingIoEnvironment(folder: string): NodeJS.ProcessEnv {
  if (whyNoFailingIo() !== null) return {};
  return { LD_PRELOAD: LIBRARIES.join(' '), FIU_CTRL_FIFO: join(folder, 'fiu') };
}

/** Has each writing call of a process fail with `probability`, until {@link mendIo}. A process that is gone is left alone. */
export async function breakIo(folder: string, pid: number, probability: number): Promise<void> {
  const point = (name: string) => `enable_random name=${name},probability=${probability},failinfo=${EIO}`;
  for (const name of POINTS) await control(folder, pid, point(name));
}

export async function mendIo(folder: string, pid: number): Promise<void> {
  for (const name of POINTS) await control(folder, pid, `disable name=${name}`);
}

async function control(folder: string, pid: number, command: string): Promise<void> {
  try {
    await run('fiu-ctrl', ['-f', join(folder, 'fiu'), '-c', command, String(pid)], { timeout: 5_000 });
  } catch {
    // It ended meanwhile, or stands still: whoever asks looks at what the process does, not at this.
  }
}
