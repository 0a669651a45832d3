import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { Liveness } from './liveness.js';

const LEASE_MS = 10_000;

describe('A process that cannot be seen from here', () => {
  const worker = { id: 'w', host: 'h', pid: 1, pidSpace: 'another container', pidBirth: null, lease: null };
  let folder: string;
  let liveness: Liveness;
  let time: StoppedTime;

  beforeEach(() => {
    time = new StoppedTime();
    folder = mkdtempSync(join(tmpdir(), 'tasks-liveness-'));
    writeFileSync(join(folder, 'w.alive'), '');
    liveness = new Liveness(folder, LEASE_MS);
  });

  afterEach(() => {
    time.goOn();
    rmSync(folder, { recursive: true, force: true });
  });

  const beat = (at: number): void => utimesSync(join(folder, 'w.alive'), at, at);

  it('is dead when it was silent for longer than the lease, and not before', () => {
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(LEASE_MS);
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(1);
    expect(liveness.isDead(worker)).toBe(true);
  });

  it('is given what its own lease says', () => {
    const patient = { ...worker, lease: 2 * LEASE_MS };
    expect(liveness.isDead(patient)).toBe(false);
    time.advance(2 * LEASE_MS);
    expect(liveness.isDead(patient)).toBe(false);
    time.advance(1);
    expect(liveness.isDead(patient)).toBe(true);
  });

  it('is alive for another lease with each beat', () => {
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(LEASE_MS);
    beat(1);
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(LEASE_MS);
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(1);
    expect(liveness.isDead(worker)).toBe(true);
  });

  it('is dead where it left no sign, after the same time', () => {
    rmSync(join(folder, 'w.alive'));
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(LEASE_MS + 1);
    expect(liveness.isDead(worker)).toBe(true);
  });

  it('is watched anew by a process that did not look for a while', () => {
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(LEASE_MS + 1);
    liveness.startAnew();
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(LEASE_MS + 1);
    expect(liveness.isDead(worker)).toBe(true);
  });
});
