import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DutySite } from '../../../../test/support/duty-site.js';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { until } from '../../../../test/support/until.js';
import { turn } from '../../../clock/index.js';
import type { Liveness } from '../process/liveness.js';
import { insertWorker, type WorkerRecord } from '../sql/worker-rows.js';
import { Rescuer, type RescuerOptions } from './rescuer.js';

/** Who is dead, as the test says. */
class Known {
  readonly dead = new Set<string>();
  readonly begun = new Map<string, ReadonlySet<string> | null>();
  readonly files = new Set<string>();
  readonly calls: string[] = [];

  isDead = ({ id }: { id: string }): boolean => this.dead.has(id);
  begunBy = ({ id }: { id: string }): ReadonlySet<string> | null => this.begun.get(id) ?? null;
  startAnew = (): void => void this.calls.push('start anew');
  processesWithFiles = (): ReadonlySet<string> => this.files;
  sweep = (files: ReadonlySet<string>, workers: readonly WorkerRecord[]): void =>
    void this.calls.push(`sweep ${[...files].join()} but ${workers.map(({ id }) => id).join()}`);
  forget = (id: string): void => void this.calls.push(`forget ${id}`);
}

describe('Looking for dead processes', () => {
  let site: DutySite;
  let known: Known;
  let rescuer: Rescuer;

  beforeEach(async () => {
    site = await DutySite.open();
    known = new Known();
  });
  afterEach(async () => {
    await rescuer.stop();
    await site.close();
  });

  function start(options: Partial<RescuerOptions> = {}, liveness: Known | null = known): void {
    begin(options, liveness);
    rescuer.start();
  }

  function begin(options: Partial<RescuerOptions> = {}, liveness: Known | null = known): void {
    const own: RescuerOptions = {
      maxLostAttempts: 2,
      self: () => 'self',
      checkSelf: async () => undefined,
      former: [],
      ...options,
    };
    const asked = liveness as unknown as Liveness | null;
    rescuer = new Rescuer(site.context(), site.connection, site.writer, asked, own);
  }

  /** A process that runs so many tasks. */
  async function register(id: string, tasks: number): Promise<void> {
    await site.store(tasks);
    site.runAll(id);
    const worker = { id, host: 'here', pid: 7, pidSpace: 'x', pidBirth: null, startedAt: 1, queues: {}, lease: null };
    await site.writer.write((transaction) => insertWorker(transaction, worker));
    site.writes = 0;
  }

  const leases = (): unknown[] => {
    const rows = site.connection.database.prepare(
      `SELECT worker, count(*) AS tasks FROM tasks_task WHERE state = 'running' GROUP BY worker ORDER BY worker`,
    );
    return rows.all();
  };
  const workers = (): unknown[] =>
    site.connection.database.prepare('SELECT id FROM tasks_worker ORDER BY id').pluck().all();

  it('takes the leases of the dead, clears away what they left, and says so', async () => {
    for (const id of ['alive', 'dead', 'self']) await register(id, 1);
    for (const id of ['dead', 'self']) known.dead.add(id);
    known.files.add('dead').add('older');
    start();
    await until('a word', () => site.warnings.length > 0);
    expect(site.warnings).toEqual(['Process 7 on here (worker dead) is dead; 1 of its tasks were given back']);
    expect(leases()).toEqual([
      { worker: 'alive', tasks: 1 },
      { worker: 'self', tasks: 1 },
    ]);
    expect(workers()).toEqual(['alive', 'self']);
    expect(known.calls.slice(0, 2)).toEqual(['sweep dead,older but alive,dead,self', 'forget dead']);
    expect(site.errors).toEqual([]);
  });

  it('knows a thread that went although its process lives, and calls it so', async () => {
    await register('former', 2);
    start({ former: ['former'] });
    await until('a word', () => site.warnings.length > 0);
    expect(site.warnings).toEqual([
      'The former thread on here (worker former) is dead; 2 of its tasks were given back',
    ]);
    expect(leases()).toEqual([]);
  });

  it('knows nobody else where no other process can share the store', async () => {
    await register('other', 1);
    const time = new StoppedTime();
    begin({}, null);
    time.advance(1_501);
    rescuer.start();
    await rescuer.stop();
    time.goOn();
    expect(site.errors).toEqual([]);
    expect(site.warnings).toHaveLength(1);
    expect(leases()).toEqual([]);
    expect(workers()).toEqual([]);
  });

  it('leaves one that has gone on by the time of the write', async () => {
    await register('back', 1);
    let asked = 0;
    known.isDead = () => (asked += 1) === 1;
    start();
    await until('both looks', () => asked >= 2);
    await rescuer.stop();
    expect(leases()).toEqual([{ worker: 'back', tasks: 1 }]);
    expect(site.warnings).toEqual([]);
    expect(known.calls).not.toContain('forget back');
  });

  it('takes leases whose holder is not registered, and not its own', async () => {
    await register('stray', 1);
    await register('self', 1);
    site.connection.database.exec('DELETE FROM tasks_worker');
    start();
    await until('one lease', () => leases().length === 1);
    expect(leases()).toEqual([{ worker: 'self', tasks: 1 }]);
    expect(site.warnings).toEqual([]);
  });

  it('gives back unharmed what was claimed ahead and never begun, and fails what was lost too often', async () => {
    await register('dead', 3);
    const { database } = site.connection;
    database.exec('UPDATE tasks_task SET lost = 1 WHERE seq = 2');
    known.dead.add('dead');
    known.begun.set('dead', new Set(['1.1', '2.1', '1/1', '2/1', '1:1', '2:1']));
    start();
    await until('the end', () => leases().length === 0);
    const states = database.prepare('SELECT state, attempt, lost, excused FROM tasks_task ORDER BY seq').all();
    expect(states).toEqual([
      { state: 'available', attempt: 1, lost: 1, excused: 1 },
      { state: 'failed', attempt: 1, lost: 2, excused: 0 },
      { state: 'available', attempt: 0, lost: 0, excused: 0 },
    ]);
  });

  it.each([
    [1_500, []],
    [1_501, ['start anew']],
  ])('trusts what it saw before for three looks and no longer: %i ms', async (later, calls) => {
    const time = new StoppedTime();
    begin();
    time.advance(later);
    rescuer.start();
    await rescuer.stop();
    time.goOn();
    expect(known.calls.filter((call) => call === 'start anew')).toEqual(calls);
  });

  it('looks once where it is started twice, and has looked when it has stopped', async () => {
    let looks = 0;
    begin({
      checkSelf: async () => {
        await turn();
        looks += 1;
      },
    });
    rescuer.start();
    rescuer.start();
    await rescuer.stop();
    expect(looks).toBe(1);
    await turn();
    expect(looks).toBe(1);
  });

  it('looks at once and then again and again, at itself first, and says what keeps it from that', async () => {
    let looks = 0;
    start({
      checkSelf: async () => {
        looks += 1;
        if (looks === 1) throw new Error('the disk is away');
      },
    });
    rescuer.start();
    await until('another look', () => looks > 1);
    expect(site.errors).toEqual(['Looking for dead processes: the disk is away']);
    await rescuer.stop();
    rescuer.start();
    await until('a look when it is started again', () => looks > 2);
    expect(known.calls).not.toContain('start anew');
  });
});
