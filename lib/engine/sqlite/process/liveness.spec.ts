import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { Liveness } from './liveness.js';
import { ownIdentity } from './process-identity.js';
import { Starts } from './starts.js';

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
    writeFileSync(join(folder, 'self.alive'), '');
    liveness = new Liveness(folder, LEASE_MS, () => 'self');
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

  it('is not dead where this process can leave no sign either, and is given a lease once it can', () => {
    rmSync(folder, { recursive: true });
    expect(liveness.isDead(worker)).toBe(false);
    time.advance(LEASE_MS);
    expect(liveness.isDead(worker)).toBe(false);
    expect(liveness.isBlind).toBe(false);
    time.advance(1);
    expect(liveness.isDead(worker)).toBe(false);
    expect(liveness.isBlind).toBe(true);
    mkdirSync(folder);
    writeFileSync(join(folder, 'self.alive'), '');
    expect(liveness.isDead(worker)).toBe(false);
    expect(liveness.isBlind).toBe(false);
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

describe('A process that can be seen from here', () => {
  let folder: string;
  let liveness: Liveness;
  const own = { ...ownIdentity(), id: 'w', lease: null };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-liveness-'));
    writeFileSync(join(folder, 'self.alive'), '');
    liveness = new Liveness(folder, LEASE_MS, () => 'self');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is dead at once where the system says that it is gone', () => {
    expect(liveness.isDead({ ...own, pidBirth: '1' })).toBe(process.platform === 'linux');
  });

  it.skipIf(process.platform !== 'linux')('is alive while it runs, whatever its heartbeat looks like', () => {
    const time = new StoppedTime();
    expect(liveness.isDead(own)).toBe(false);
    time.advance(LEASE_MS + 1);
    expect(liveness.isDead(own)).toBe(false);
    time.goOn();
  });

  it('is not told dead by a heartbeat that cannot be read, and watched anew after that', () => {
    const time = new StoppedTime();
    const elsewhere = { ...own, pidSpace: 'another container' };
    expect(liveness.isDead(elsewhere)).toBe(false);
    time.advance(LEASE_MS + 1);
    rmSync(folder, { recursive: true });
    // A link that goes round: there may be something behind it.
    symlinkSync(folder, folder);
    expect(liveness.isDead(elsewhere)).toBe(false);
    rmSync(folder);
    mkdirSync(folder);
    writeFileSync(join(folder, 'self.alive'), '');
    expect(liveness.isDead(elsewhere)).toBe(false);
    time.advance(LEASE_MS + 1);
    expect(liveness.isDead(elsewhere)).toBe(true);
    time.goOn();
  });

  it('has what it began known since the machine has been up, and not before', () => {
    const starts = Starts.open(folder, 'w')!;
    starts.note(1, 2);
    expect(liveness.begunBy(own)).toEqual(new Set(['1:2']));
    expect(liveness.begunBy({ ...own, pidSpace: `${own.pidSpace.split(' ')[0]} pid:[1]` })).toEqual(new Set(['1:2']));
    expect(liveness.begunBy({ ...own, pidSpace: 'before pid:[1]' })).toBeNull();
    starts.close();
    expect(liveness.begunBy(own)).toBeNull();
  });

  it('leaves files that are cleared away once nobody is registered under its name', () => {
    rmSync(join(folder, 'self.alive'));
    for (const name of ['w.alive', 'w.begun', 'gone.alive', 'dead.begun']) writeFileSync(join(folder, name), '');
    const files = liveness.processesWithFiles();
    expect(files).toEqual(new Set(['w', 'gone', 'dead']));
    // It came after that look.
    writeFileSync(join(folder, 'new.alive'), '');
    liveness.sweep(files, [own]);
    expect(readdirSync(folder).toSorted()).toEqual(['new.alive', 'w.alive', 'w.begun']);
  });

  it('is watched anew once what it left was cleared away', () => {
    const time = new StoppedTime();
    const elsewhere = { ...own, pidSpace: 'another container' };
    expect(liveness.isDead(elsewhere)).toBe(false);
    time.advance(LEASE_MS + 1);
    liveness.forget('w');
    expect(liveness.isDead(elsewhere)).toBe(false);
    time.goOn();
  });
});
