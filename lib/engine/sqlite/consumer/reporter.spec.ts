import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { heldTasks } from '../../../../test/support/held-tasks.js';
import { until } from '../../../../test/support/until.js';
import { turn } from '../../../clock/index.js';
import type { ClaimedTask } from '../sql/claim-tasks.js';
import { lendPlaces } from '../sql/start-log.js';
import type { HeldTask, ReportDesk } from './completer.js';
import { Reporter } from './reporter.js';
import { StartReporter } from './start-reporter.js';

let site: DutySite;
let refusals: number;

beforeEach(async () => {
  site = await DutySite.open();
  refusals = 0;
  const { write } = site.writer;
  site.writer.write = (operation) =>
    refusals-- > 0 ? Promise.reject(new Error('the disk is full')) : write(operation);
});
afterEach(() => site.close());

const running = (many: number, desk: ReportDesk, more: Partial<ClaimedTask> = {}): Promise<HeldTask[]> =>
  heldTasks(site, many, desk, more);

describe('What running tasks report', () => {
  let reporter: Reporter;
  let desk: ReportDesk;

  beforeEach(() => {
    reporter = new Reporter(site.context().logger, site.writer);
    desk = { now: () => START + 5, report: (task) => reporter.report(task), called: () => undefined };
  });

  const logs = (): unknown[] =>
    site.connection.database.prepare('SELECT task, attempt, at, message FROM tasks_log ORDER BY rowid').all();
  const progress = (): unknown[] =>
    site.connection.database.prepare('SELECT progress FROM tasks_task ORDER BY seq').pluck().all();

  it('is stored together, in its order, the last progress of each', async () => {
    const [one, other] = (await running(2, desk)) as [HeldTask, HeldTask];
    one.log('a');
    one.progress({ percent: 10 });
    other.log('b');
    one.log('c');
    one.progress({ percent: 20 });
    expect(site.writes).toBe(0);
    await until('the logs', () => logs().length === 3);
    expect(site.writes).toBe(1);
    expect(logs()).toEqual([
      { task: 1, attempt: 1, at: START + 5, message: 'a' },
      { task: 1, attempt: 1, at: START + 5, message: 'c' },
      { task: 2, attempt: 1, at: START + 5, message: 'b' },
    ]);
    expect(progress()).toEqual(['{"percent":20}', null]);
    one.log('d');
    await until('the other', () => logs().length === 4);
    expect([site.writes, reporter.unsaved.size]).toEqual([2, 0]);
    expect([one.pendingLogs, one.pendingProgress]).toEqual([[], null]);
  });

  it('is not written by itself where the end of the attempt takes it along', async () => {
    const [one, other] = (await running(2, desk)) as [HeldTask, HeldTask];
    one.log('a');
    reporter.unsaved.delete(one);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(site.writes).toBe(0);
    expect(one.pendingLogs).toHaveLength(1);
    other.log('b');
    await until('the other', () => logs().length === 1);
  });

  it('is kept in its order where the store refuses it, and stored later with what has come since', async () => {
    const [goesOn, ends] = (await running(2, desk)) as [HeldTask, HeldTask];
    refusals = 1;
    goesOn.log('a');
    goesOn.progress({ percent: 10 });
    ends.log('x');
    ends.progress({ percent: 30 });
    ends.endedAt = START;
    await until('a word', () => site.errors.length > 0);
    expect(site.errors).toEqual(['Progress and logs were not stored, trying on: the disk is full']);
    expect([...reporter.unsaved]).toEqual([goesOn]);
    // The end of its attempt takes it along.
    expect(ends).toMatchObject({ pendingLogs: [{ message: 'x' }], pendingProgress: { percent: 30 } });
    goesOn.log('b');
    await until('both lines', () => logs().length === 2);
    expect(logs()).toMatchObject([{ message: 'a' }, { message: 'b' }]);
    expect(progress()).toEqual(['{"percent":10}', null]);
  });

  it('is tried again by itself', async () => {
    const [one] = (await running(1, desk)) as [HeldTask];
    refusals = 1;
    one.log('a');
    await until('the log', () => logs().length === 1);
    expect(site.errors).toHaveLength(1);
  });

  it('goes by the progress that came last, also after a refusal', async () => {
    const [one] = (await running(1, desk)) as [HeldTask];
    refusals = 1;
    one.progress({ percent: 10 });
    await until('a word', () => site.errors.length > 0);
    one.progress({ percent: 20 });
    await until('progress', () => progress()[0] !== null);
    expect(progress()).toEqual(['{"percent":20}']);
  });

  it('is dropped without a word where the store is closed', async () => {
    const [one] = (await running(1, desk)) as [HeldTask];
    one.log('a');
    await site.writer.close();
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect([site.errors, reporter.unsaved.size]).toEqual([[], 0]);
  });
});

describe('Starts that a limit counts', () => {
  let starts: StartReporter;
  let desk: ReportDesk;
  const limits = [{ name: 'smtp', max: 3, per: 60_000 }];

  beforeEach(() => {
    starts = new StartReporter(site.context().logger, site.writer);
    desk = { now: () => START + 7, report: () => undefined, called: (task) => starts.add(task) };
  });

  const stored = (): number => {
    const sum = site.connection.database.prepare('SELECT coalesce(sum(count), 0) FROM tasks_start WHERE task = 0');
    return sum.pluck().get() as number;
  };

  it('are told of once, when the handler is called', async () => {
    const [counted, later] = (await running(2, desk, { limits })) as [HeldTask, HeldTask];
    const told: HeldTask[] = [];
    desk.called = (task) => void told.push(task);
    counted.handedOver();
    counted.handedOver();
    const start = later.startsLater();
    later.handedOver();
    expect(told).toEqual([counted]);
    start();
    start();
    expect(told).toEqual([counted, later]);
    expect([counted.calledAt, later.calledAt]).toEqual([START + 7, START + 7]);
    const [plain] = (await running(1, desk)) as [HeldTask];
    plain.handedOver();
    plain.startsLater()();
    expect([told.length, plain.calledAt]).toEqual([2, null]);
  });

  it('are stored by themselves where nothing else is written, once', async () => {
    const [one] = (await running(1, desk, { limits })) as [HeldTask];
    one.handedOver();
    expect(site.writes).toBe(0);
    await until('the start', () => stored() > 0);
    expect(stored()).toBe(1);
    await turn();
    // What it is lent later is another's.
    const { seq, attempt, worker } = one.task;
    await site.writer.write((transaction) => {
      lendPlaces(transaction, limits[0]!, [{ seq, attempt, worker }], START, 60_000);
      starts.note(transaction);
    });
    expect(stored()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(site.writes).toBe(2);
  });

  it('are stored with another write, and not at all where the end tells of them', async () => {
    const [one, ended] = (await running(2, desk, { limits })) as [HeldTask, HeldTask];
    one.handedOver();
    ended.handedOver();
    starts.drop(ended);
    await site.writer.write((transaction) => starts.note(transaction));
    expect(stored()).toBe(1);
    starts.drop(one);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(site.writes).toBe(1);
  });

  it('are told of again where the store refused them, and nothing is said once it is closed', async () => {
    const [one] = (await running(1, desk, { limits })) as [HeldTask];
    refusals = 1;
    one.handedOver();
    await until('the start', () => stored() > 0);
    expect(site.errors).toEqual(['Starts that a rate limit counts were not stored, trying on: the disk is full']);
    await until('the note to be gone', () => site.writes > 0);
    const [other] = (await running(1, desk, { limits })).slice(-1) as [HeldTask];
    other.handedOver();
    await site.writer.close();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(site.errors).toHaveLength(1);
  });
});
