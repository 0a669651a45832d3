import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.js';
import { birthOf as birthInWords, isKnownGone, ownIdentity, processStateOf, sameBoot } from './process-identity.js';

const own = ownIdentity();

function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2)[0]!;
}

function birthOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
}

describe('The state of a process', () => {
  it('is alive for this one', () => {
    expect(processStateOf(own, own)).toBe('alive');
  });

  it('is gone where its pid is nobody’s', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(processStateOf({ ...own, pid }, own)).toBe('gone');
    expect([isKnownGone({ ...own, pid }, own), isKnownGone(own, own)]).toEqual([true, false]);
    expect(birthInWords(pid)).toBeNull();
  });

  it('is unknown in another pid namespace, or on another machine, whoever has its pid here', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(processStateOf({ ...own, pid, pidSpace: 'another container' }, own)).toBe('unknown');
    expect(processStateOf({ ...own, pidSpace: 'another container' }, own)).toBe('unknown');
  });

  it('is told of within one boot of the machine, in whichever container', () => {
    const [boot] = own.pidSpace.split(' ');
    expect(sameBoot({ ...own, pidSpace: `${boot} pid:[1]` }, own)).toBe(true);
    expect(sameBoot({ ...own, pidSpace: own.pidSpace.replace(boot!, 'another') }, own)).toBe(false);
  });

  // Without /proc the system does not tell one process from another of the same pid.
  describe.skipIf(!existsSync('/proc/self/stat'))('where the system tells when processes began', () => {
    it('is gone where its pid is that of another process by now', () => {
      expect(own.pidBirth).toMatch(/^\d+$/);
      expect(processStateOf({ ...own, pidBirth: String(Number(own.pidBirth) - 1) }, own)).toBe('gone');
    });

    it('is in words of the system that nobody else has', () => {
      const mine = ownIdentity();
      expect(mine).toMatchObject({ host: hostname(), pid: process.pid, pidBirth: birthOf(process.pid) });
      expect(mine.pidSpace).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
    });

    it('is unknown where it is not known when it began', () => {
      expect(processStateOf({ ...own, pidBirth: null }, own)).toBe('unknown');
    });

    it('is gone once it has ended, also while its parent has not asked how', async () => {
      // The shell's child reads until there is no more; what the shell has become by then never asks.
      const shell = spawn('sh', ['-c', 'cat <&3 >/dev/null & echo $!; exec sleep 600 3<&-'], {
        stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      });
      try {
        const [said] = (await once(shell.stdout!, 'data')) as [Buffer];
        const pid = Number(said.toString());
        await until('the shell to be another', () => readFileSync(`/proc/${shell.pid}/comm`, 'utf8') === 'sleep\n');
        (shell.stdio[3] as Writable).end();
        await until('it to end', () => stateOf(pid) === 'Z');
        expect(processStateOf({ ...own, pid, pidBirth: birthOf(pid) }, own)).toBe('gone');
        expect(processStateOf({ ...own, pid, pidBirth: null }, own)).toBe('gone');
      } finally {
        shell.kill('SIGKILL');
      }
      await once(shell, 'close');
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
