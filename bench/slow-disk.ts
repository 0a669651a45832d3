import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Every sync of a process that has it preloaded takes so much longer. */
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int fd) {
  int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const char *given = getenv("BENCH_SYNC_DELAY_US");
  long us = given ? atol(given) : 0;
  struct timespec left = {us / 1000000, (us % 1000000) * 1000};
  while (nanosleep(&left, &left) != 0) {}
  return sync(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
`;

/**
 * Makes the disk of all processes that are started from now on as slow as that of a cloud: by a library that is compiled
 * here and preloaded.
 *
 * @param delay milliseconds that each sync takes longer
 * @throws Error where that cannot be had
 */
export function slowDown(delay: number): void {
  if (process.platform !== 'linux') throw new Error('--sync-delay preloads a library, which it can on Linux alone');
  const folder = mkdtempSync(join(tmpdir(), 'bench-slow-disk-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [source, library] = [join(folder, 'slow.c'), join(folder, 'slow.so')];
  writeFileSync(source, SHIM);
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], { stdio: 'pipe' });
  } catch (error) {
    throw new Error(`--sync-delay takes a C compiler: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  process.env['LD_PRELOAD'] = library;
  process.env['BENCH_SYNC_DELAY_US'] = String(Math.round(delay * 1_000));
}
