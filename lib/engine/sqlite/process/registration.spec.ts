import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { until } from '../../../../test/support/until.js';
import { StoreError } from '../../../contract/index.js';
import type { MoveMark } from '../../port/index.js';
import { writeMark } from '../transfer/move-mark.js';
import { ownIdentity } from './process-identity.js';
import { Registration } from './registration.js';
import { Starts, type StartNotes } from './starts.js';

/** A tenth of it is longer than any test takes. */
const LEASE_MS = 36_000_000;

const MARK: MoveMark = {
  id: 'm',
  role: 'source',
  phase: 'copying',
  other: 'b.db',
  at: START,
  paused: [],
  report: null,
  owner: null,
  beat: 0,
};

describe('A process as a worker of a store', () => {
  let site: DutySite;
  let place: string;
  let folder: string;
  let opened: string[];
  let registration: Registration;

  beforeEach(async () => {
    site = await DutySite.open();
    place = mkdtempSync(join(tmpdir(), 'tasks-registration-'));
    folder = join(place, 'tasks.db-workers');
    opened = [];
    registration = make(folder);
  });
  afterEach(async () => {
    await registration.leave(site.writer);
    await site.close();
    rmSync(place, { recursive: true, force: true });
  });

  function make(at: string | null, lease = LEASE_MS): Registration {
    let ids = 0;
    const openStarts = (within: string, id: string): StartNotes | null => {
      opened.push(id);
      return Starts.open(within, id);
    };
    return new Registration(at, lease, START, () => `w${(ids += 1)}`, openStarts);
  }

  const database = () => site.connection.database;
  const workers = (): unknown[] => database().prepare('SELECT * FROM tasks_worker').all();
  const ids = (): unknown[] => database().prepare('SELECT id FROM tasks_worker').pluck().all();
  const files = (): string[] => (existsSync(folder) ? readdirSync(folder).toSorted() : []);
  const ensure = (): Promise<boolean> => site.writer.write((transaction) => registration.ensure(transaction));
  const takenForDead = (): unknown => database().exec('DELETE FROM tasks_worker');

  it('has a row with its queues and its lease, a heartbeat and its notes, from its first queue on', async () => {
    expect([registration.id, registration.starts, files()]).toEqual(['w1', null, []]);
    await registration.serve(site.writer, 'default', 2);
    const { host, pid, pidSpace, pidBirth } = ownIdentity();
    const row = { id: 'w1', host, pid, pid_space: pidSpace, pid_birth: pidBirth, started_at: START, lease: LEASE_MS };
    expect(workers()).toEqual([{ ...row, queues: '{"default":2}' }]);
    expect(files()).toEqual(['w1.alive', 'w1.begun']);
    expect(registration.starts!.note(1, 1)).toBe(0);
    await registration.serve(site.writer, 'other', 1);
    expect(workers()).toEqual([{ ...row, queues: '{"default":2,"other":1}' }]);
    expect(opened).toEqual(['w1']);
    expect(registration.stands(database())).toBe(true);
  });

  it('leaves nothing behind', async () => {
    await registration.serve(site.writer, 'default', 2);
    await registration.leave(site.writer);
    expect([workers(), files(), registration.starts]).toEqual([[], [], null]);
    expect(registration.stands(database())).toBe(false);
  });

  it('keeps no files for a store that nobody else can read', async () => {
    registration = make(null);
    await registration.serve(site.writer, 'default', 2);
    expect(ids()).toEqual(['w1']);
    expect([registration.starts, opened]).toEqual([null, []]);
  });

  it('is not registered while the tasks are moved elsewhere', async () => {
    await site.writer.write((transaction) => writeMark(transaction, MARK));
    await expect(registration.serve(site.writer, 'default', 2)).rejects.toThrow(StoreError);
    expect([ids(), files()]).toEqual([[], []]);
  });

  it('stays what it is while its row stands', async () => {
    await registration.serve(site.writer, 'default', 2);
    expect(await ensure()).toBe(true);
    expect(registration.id).toBe('w1');
  });

  it('goes on under another name where it was taken for dead, with another heartbeat and other notes', async () => {
    await registration.serve(site.writer, 'default', 2);
    takenForDead();
    expect(await ensure()).toBe(false);
    expect([registration.id, ids()]).toEqual(['w2', ['w2']]);
    expect(workers()).toMatchObject([{ queues: '{"default":2}' }]);
    await until('its files', () => files().join() === 'w2.alive,w2.begun');
    expect(opened).toEqual(['w1', 'w2']);
    expect(registration.starts).not.toBeNull();
    expect(await ensure()).toBe(true);
  });

  it('leaves no files under a name that was rolled back', async () => {
    await registration.serve(site.writer, 'default', 2);
    takenForDead();
    const refused = site.writer.write((transaction) => {
      registration.ensure(transaction);
      throw new RangeError('no');
    });
    await expect(refused).rejects.toThrow(RangeError);
    expect(ids()).toEqual([]);
    await until('the old ones to go', () => files().length === 0);
    expect(opened).toEqual(['w1']);
    expect(await ensure()).toBe(false);
    await until('its files', () => files().join() === 'w3.alive,w3.begun');
  });

  it('tries again to beat where it cannot, and leaves out notes that would begin too late', async () => {
    registration = make(folder, 200);
    await registration.serve(site.writer, 'default', 2);
    takenForDead();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    expect(await ensure()).toBe(false);
    await until('it to have tried', () => registration.starts === null);
    rmSync(folder);
    await until('its heartbeat', () => files().join() === 'w2.alive');
    expect(opened).toEqual(['w1']);
  });

  it('beats by itself ten times in a lease', async () => {
    registration = make(folder, 100);
    await registration.serve(site.writer, 'default', 2);
    utimesSync(join(folder, 'w1.alive'), 1, 1);
    await until('a beat', () => statSync(join(folder, 'w1.alive')).mtimeMs !== 1_000);
  });

  it('beats seldom: a tenth of its lease goes by before', async () => {
    registration = make(folder, 2_000);
    await registration.serve(site.writer, 'default', 2);
    const beats = new Set<number>();
    const begun = performance.now();
    await until('three beats', () => beats.add(statSync(join(folder, 'w1.alive')).mtimeMs).size > 3);
    expect(performance.now() - begun).toBeGreaterThan(400);
  });

  it('claims also where it has no heart, as in a folder that cannot be made', async () => {
    registration = make(null);
    await registration.serve(site.writer, 'default', 2);
    expect(await ensure()).toBe(true);
  });

  it('has its heart beat where it cannot be told whether its row stands', async () => {
    await registration.serve(site.writer, 'default', 2);
    takenForDead();
    const closed = site.writer.write((transaction) => {
      registration.ensure(transaction);
      // What is asked after this turn fails.
      registration.stands = () => {
        throw new Error('closed');
      };
    });
    await closed;
    await until('its files', () => files().join() === 'w2.alive,w2.begun');
  });

  it('beats at once where it has not claimed for more than half of a lease', async () => {
    const time = new StoppedTime();
    await registration.serve(site.writer, 'default', 2);
    const beaten = async (): Promise<boolean> => {
      utimesSync(join(folder, 'w1.alive'), 1, 1);
      await ensure();
      return statSync(join(folder, 'w1.alive')).mtimeMs !== 1_000;
    };
    expect(await beaten()).toBe(true);
    expect(await beaten()).toBe(false);
    time.advance(LEASE_MS / 2);
    expect(await beaten()).toBe(false);
    time.advance(LEASE_MS / 2 + 1);
    expect(await beaten()).toBe(true);
    time.goOn();
  });
});
