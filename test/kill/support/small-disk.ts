import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, small enough to fill up. Takes the right to mount one: see {@link canMount}. */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-disk-'));

  /** @param size as `mount` takes it */
  constructor(size: string) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.folder], { stdio: 'pipe' });
  }

  /** Takes all the space that is left. */
  fill(): void {
    const ballast = openSync(this.ballast, 'a');
    try {
      for (let size = 64 * 1024; size >= 1; size /= 64) writeUntilFull(ballast, Buffer.alloc(size));
    } finally {
      closeSync(ballast);
    }
  }

  free(): void {
    rmSync(this.ballast);
  }

  makeReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.folder], { stdio: 'pipe' });
  }

  remove(): void {
    execFileSync('umount', [this.folder], { stdio: 'pipe' });
    rmSync(this.folder, { recursive: true });
  }

  private get ballast(): string {
    return join(this.folder, 'ballast');
  }
}

export function canMount(): boolean {
  try {
    new SmallDisk('64k').remove();
    return true;
  } catch {
    return false;
  }
}

function writeUntilFull(descriptor: number, block: Buffer): void {
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
