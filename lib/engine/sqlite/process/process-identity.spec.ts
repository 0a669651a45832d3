import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.js';
import { ownIdentity, processStateOf } from './process-identity.js';

const own = ownIdentity();

function birthOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
}

describe('The state of a process', () => {
  it('is alive for this one', () => {
    expect(processStateOf(own, own)).toBe('alive');
  });

  it('is gone where its pid is nobody’s', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(processStateOf({ ...own, pid }, own)).toBe('gone');
  });

  it('is unknown in another pid namespace, or on another machine, whoever has its pid here', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(processStateOf({ ...own, pid, pidSpace: 'another container' }, own)).toBe('unknown');
    expect(processStateOf({ ...own, pidSpace: 'another container' }, own)).toBe('unknown');
  });

  // Without /proc the system does not tell one process from another of the same pid.
  describe.skipIf(!existsSync('/proc/self/stat'))('where the system tells when processes began', () => {
    it('is gone where its pid is that of another process by now', () => {
      expect(own.pidBirth).toMatch(/^\d+$/);
      expect(processStateOf({ ...own, pidBirth: String(Number(own.pidBirth) - 1) }, own)).toBe('gone');
    });

    it('is unknown where it is not known when it began', () => {
      expect(processStateOf({ ...own, pidBirth: null }, own)).toBe('unknown');
    });

    it('is stopped while it is not let run', async () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      try {
        const pidBirth = birthOf(child.pid!);
        const other = { ...own, pid: child.pid!, pidBirth };
        expect(processStateOf(other, own)).toBe('alive');
        child.kill('SIGSTOP');
        await until('the process to stop', () => processStateOf(other, own) === 'stopped');
        child.kill('SIGCONT');
        await until('the process to go on', () => processStateOf(other, own) === 'alive');
      } finally {
        child.kill('SIGKILL');
      }
      await ended;
      expect(processStateOf({ ...own, pid: child.pid! }, own)).toBe('gone');
    });
  });
});
