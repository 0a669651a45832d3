import 'reflect-metadata';
import { IsString } from 'class-validator';
import { beforeEach, describe, expect, it } from 'vitest';
import { contextWith } from '../../test/conformance/harness.js';
import { memoryEngine } from '../../test/engines/memory/memory-engine.js';
import { MemoryStore } from '../../test/engines/memory/memory-store.js';
import { ManualClock } from '../clock/index.js';
import { loadConfig } from '../config/index.js';
import {
  InvalidArgumentError,
  InvalidParamsError,
  type Schedule,
  ScheduleNotFoundError,
  TaskNotFoundError,
  UnknownQueueError,
  UnknownTaskNameError,
} from '../contract/index.js';
import { HandlerRegistry, type RegisteredHandler } from '../handlers/index.js';
import { Sensitive } from '../nest/index.js';
import { ParamsCodec } from '../params/index.js';
import { nextRun } from './cron-expression.js';
import { CronRegistry } from './cron-registry.js';
import { CronSchedules } from './cron-schedules.js';
import type { AddScheduleOptions } from './cron-schedules.types.js';

const START = Date.UTC(2026, 0, 1, 0, 30);
const HOUR = 3_600_000;

class ReportParams {
  @IsString() customer!: string;
  @Sensitive() password?: string;
}

const REPORT = { name: 'send_report', params: ReportParams };
const RIGHT = {
  name: 'report:acme',
  expression: '0 * * * *',
  queue: 'emails',
  task: 'send_report',
  params: { customer: 'acme' },
} as const;

let store: MemoryStore;
let clock: ManualClock;
const warnings: string[] = [];

beforeEach(() => {
  store = new MemoryStore();
  clock = new ManualClock(START);
  warnings.length = 0;
});

/** A process on the store, with handlers of these tasks and schedules that its code declares. */
async function processWith(
  handlers: ReadonlyArray<Partial<RegisteredHandler> & Pick<RegisteredHandler, 'name'>>,
  declared: readonly Schedule[] = [],
) {
  const config = loadConfig({ clock, queues: { emails: {} }, configFile: false });
  const registry = new HandlerRegistry({ config });
  const own = { kind: 'class', location: 'Worker.handle', queue: null, params: null, settings: {} } as const;
  for (const handler of handlers) registry.add({ ...own, call: async () => undefined, ...handler });
  const crons = new CronRegistry();
  for (const schedule of declared) crons.add({ schedule, location: `Jobs.${schedule.name}` });
  const engine = memoryEngine(store, contextWith(clock, { nextRun }));
  await engine.open();
  const schedules = new CronSchedules({
    engine,
    registry,
    crons,
    codec: new ParamsCodec(1_000),
    config,
    logger: { log: () => undefined, warn: (message) => void warnings.push(message), error: () => undefined },
  });
  return { schedules, crons, engine };
}

/** What an `@Cron` makes of a method. */
function declaration(name: string, overrides: Partial<Schedule> = {}): Schedule {
  return {
    name,
    expression: '0 * * * *',
    timeZone: 'UTC',
    utcOffset: null,
    queue: 'default',
    task: name,
    params: '{}',
    priority: 0,
    maxAttempts: 4,
    settings: null,
    catchUp: 'once',
    threshold: null,
    overlap: true,
    disabled: false,
    source: 'code',
    ...overrides,
  };
}

const add = (schedules: CronSchedules, options: object) => schedules.add(options as AddScheduleOptions);

/** The error that a promise is rejected with. */
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

describe('CronSchedules.add', () => {
  it('stores a schedule with the defaults, and shows it', async () => {
    const { schedules } = await processWith([REPORT]);
    expect(await add(schedules, { ...RIGHT, timeZone: 'UTC' })).toEqual({
      name: 'report:acme',
      expression: '0 * * * *',
      timeZone: 'UTC',
      utcOffset: null,
      queue: 'emails',
      task: 'send_report',
      params: { customer: 'acme' },
      priority: 0,
      maxAttempts: 4,
      settings: null,
      catchUp: 'once',
      threshold: null,
      overlap: true,
      disabled: false,
      source: 'runtime',
      paused: false,
      lastRunAt: null,
      lastTaskId: null,
      nextRunAt: START + HOUR / 2,
      nextRuns: [1, 2, 3, 4, 5].map((hour) => Date.UTC(2026, 0, 1, hour)),
      lastRuns: [],
      registered: true,
      location: null,
    });
  });

  it('stores every option, an offset and a date among them', async () => {
    const { schedules } = await processWith([{ name: 'plain' }]);
    const shown = await add(schedules, {
      name: 'once',
      expression: new Date(START + HOUR),
      utcOffset: 60,
      queue: 'emails',
      task: 'plain',
      catchUp: 'all',
      threshold: '90m',
      overlap: false,
      maxRetries: 9,
      priority: 3,
      timeout: undefined,
    });
    expect(shown).toMatchObject({
      expression: '2026-01-01T01:30:00.000Z',
      timeZone: null,
      utcOffset: 60,
      params: {},
      catchUp: 'all',
      threshold: 90 * 60_000,
      overlap: false,
      settings: { maxRetries: 9, priority: 3 },
      priority: 3,
      maxAttempts: 10,
      nextRunAt: START + HOUR,
      nextRuns: [START + HOUR],
    });
  });

  it('replaces what was added under the name, and nothing else', async () => {
    const { schedules } = await processWith([REPORT]);
    await add(schedules, { ...RIGHT, name: 'other' });
    await add(schedules, RIGHT);
    await add(schedules, { ...RIGHT, params: { customer: 'initech' } });
    const all = (await schedules.list()).map(({ name, params }) => [name, params]);
    expect(all).toEqual([
      ['other', { customer: 'acme' }],
      ['report:acme', { customer: 'initech' }],
    ]);
  });

  it.each([
    ['name', { name: ' ' }, 'The name must be a text of 1 to 200 characters, such as "cleanup_old_data".'],
    ['name', { name: 'x'.repeat(201) }, 'The name must be a text of 1 to 200 characters, such as "cleanup_old_data".'],
    ['name', { name: 'a\0b' }, /^The name .*NUL/],
    ['name', { name: 'hourly' }, 'Schedule "hourly" is declared by @Cron on Jobs.hourly. Choose another name.'],
    [
      'expression',
      { expression: '61 * * * *' },
      /^"61 \* \* \* \*" is not a cron expression: .*minute: 61\. Right would be five fields .*Z"\.$/,
    ],
    [
      'expression',
      { expression: new Date(START - 1) },
      '"2026-01-01T00:29:59.999Z" has passed, so the schedule would never tick.',
    ],
    ['timeZone', { timeZone: 'Mars/Base' }, /^There is no time zone "Mars\/Base"\. Right would be an IANA name .*\.$/],
    ['catchUp', { catchUp: 'onse' }, '"catchUp" must be "once", "all" or "skip", probably "once".'],
    ['catchUp', { catchUp: 'whenever' }, '"catchUp" must be "once", "all" or "skip".'],
    ['catchUp', { catchUp: 1 }, '"catchUp" must be "once", "all" or "skip".'],
    ['threshold', { threshold: 'soon' }, /^threshold must be a duration/],
    ['expires', { expires: 0 }, /^expires must be at least "1ms"/],
    ['expires', { expires: new Date(START + HOUR) }, /^expires must be a duration/],
    ['deadline', { deadline: 'soon' }, /^deadline must be a duration/],
    ['deadline', { deadline: '1h' }, /^The engine "memory" ends no task by itself: leave "deadline" out/],
    ['overlap', { overlap: 'no' }, '"overlap" must be true or false.'],
    ['maxRetries', { maxRetries: -1 }, /^maxRetries/],
    ['delay', { delay: '1m' }, /^delay is not an option/],
    ['backoff', { backoff: () => 1 }, /cannot be stored with a task/],
  ])('refuses a wrong %s and stores nothing: %j', async (field, wrong, message) => {
    const { schedules } = await processWith([REPORT], [declaration('hourly')]);
    const error = await refusal(add(schedules, { ...RIGHT, ...wrong }));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as InvalidArgumentError).field).toBe(field);
    if (typeof message === 'string') expect((error as Error).message).toBe(message);
    else expect((error as Error).message).toMatch(message);
    expect(await schedules.list()).toEqual([]);
  });

  it.each([
    [{ queue: 'email' }, UnknownQueueError, /"emails"/],
    [{ task: 'send_reports' }, UnknownTaskNameError, /"send_report"/],
    [{ params: [] }, InvalidParamsError, /object/],
    [{ params: {} }, InvalidParamsError, /customer/],
    [
      { params: { customer: 'a', password: 'hunter2' } },
      InvalidParamsError,
      /valid: a schedule keeps its params for as long as it lives, so they cannot hold what is marked @Sensitive\(\)\. Give an id, and let the handler look the value up$/,
    ],
  ])('refuses a task that queue() would refuse, or that is secret: %j', async (wrong, type, message) => {
    const { schedules } = await processWith([REPORT]);
    const error = await refusal(add(schedules, { ...RIGHT, ...wrong }));
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('hunter2');
    expect(await schedules.list()).toEqual([]);
  });

  it.each([undefined, null, 'report', 7])('says what a schedule is where it is given %j', async (given) => {
    const { schedules } = await processWith([REPORT]);
    const error = await refusal(schedules.add(given as never));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({
      field: 'schedule',
      message:
        "A schedule is an object, such as { name: 'report:acme', expression: '0 8 * * MON', queue: 'emails', task: 'send_report' }.",
    });
  });

  it('refuses the name of a schedule that other code declares', async () => {
    const one = await processWith([REPORT], [declaration('hourly')]);
    await one.schedules.saveAll();
    const other = await processWith([REPORT]);
    expect(await refusal(add(other.schedules, { ...RIGHT, name: 'hourly' }))).toMatchObject({
      field: 'name',
      message: 'Schedule "hourly" is declared by an @Cron of another process, or of earlier code. Choose another name.',
    });
  });
});

describe('CronSchedules.remove', () => {
  it('takes a schedule away', async () => {
    const { schedules } = await processWith([REPORT]);
    await add(schedules, RIGHT);
    await schedules.remove(RIGHT.name);
    expect(await schedules.list()).toEqual([]);
    expect(await refusal(schedules.remove(RIGHT.name))).toBeInstanceOf(ScheduleNotFoundError);
  });

  it('refuses what this process declares, and takes what no code declares any more', async () => {
    const { schedules } = await processWith([], [declaration('hourly')]);
    await schedules.saveAll();
    expect(await refusal(schedules.remove('hourly'))).toMatchObject({
      field: 'name',
      message:
        'Schedule "hourly" is declared by @Cron on Jobs.hourly, so the next boot would add it again. ' +
        'Take the decorator away or give it disabled: true; to stop it for now, pause it.',
    });
    const later = await processWith([REPORT]);
    await later.schedules.remove('hourly');
    expect(await later.schedules.list()).toEqual([]);
  });
});

describe('what CronSchedules shows', () => {
  it('is in the order of names, whatever that of the store is', async () => {
    const { schedules, engine } = await processWith([REPORT]);
    for (const name of ['b', 'c', 'a']) await add(schedules, { ...RIGHT, name });
    const { all } = engine.scheduling;
    engine.scheduling.all = async () => (await all()).toReversed();
    expect((await schedules.list()).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('has every schedule by name, with what this process knows of it', async () => {
    const declared = [declaration('b'), declaration('c', { disabled: true }), declaration('a')];
    const { schedules } = await processWith([{ name: 'a', kind: 'cron' }, REPORT], declared);
    await schedules.saveAll();
    const list = await schedules.list();
    expect(list.map(({ name, registered, location }) => [name, registered, location])).toEqual([
      ['a', true, 'Jobs.a'],
      ['b', false, 'Jobs.b'],
      ['c', false, 'Jobs.c'],
    ]);
    expect(list[0]).toMatchObject({ nextRunAt: START + HOUR / 2 });
    expect(list[2]).toMatchObject({ disabled: true, nextRunAt: null, nextRuns: [] });
    const panel = await processWith([]);
    expect(await panel.schedules.get('a')).toMatchObject({ registered: null, location: null });
  });

  it('masks params that were stored before they were marked, and has none for what is not JSON', async () => {
    const { schedules } = await processWith([REPORT]);
    await add(schedules, RIGHT);
    const stored = store.schedules.get(RIGHT.name)!;
    stored.params = '{"customer":"acme","password":"hunter2"}';
    const { params } = await schedules.get(RIGHT.name);
    expect(params).toMatchObject({ customer: 'acme' });
    expect(JSON.stringify(params)).not.toContain('hunter2');
    Object.assign(stored, { params: '{', settings: '{' });
    expect(await schedules.get(RIGHT.name)).toMatchObject({ params: null, settings: null });
  });

  it('has no later runs for an expression that another version stored', async () => {
    const { schedules } = await processWith([REPORT]);
    await add(schedules, RIGHT);
    store.schedules.get(RIGHT.name)!.expression = 'of a later version';
    const shown = await schedules.get(RIGHT.name);
    expect(shown).toMatchObject({ nextRunAt: START + HOUR / 2, nextRuns: [START + HOUR / 2] });
  });

  it('has the last runs that are still there, the newest first', async () => {
    const { schedules, engine } = await processWith([REPORT]);
    await add(schedules, RIGHT);
    const first = await schedules.trigger(RIGHT.name);
    clock.set(START + 1);
    const second = await schedules.trigger(RIGHT.name);
    const run = { state: 'available', startedAt: null, finishedAt: null } as const;
    expect((await schedules.get(RIGHT.name)).lastRuns).toEqual([
      { ...run, id: second.id, runAt: START + 1 },
      { ...run, id: first.id, runAt: START },
    ]);
    for (const action of ['cancel', 'delete'] as const) await engine.acting.act(action, { ids: [first.id] });
    expect((await schedules.get(RIGHT.name)).lastRuns.map(({ id }) => id)).toEqual([second.id]);
  });
});

describe('CronSchedules.pause, resume and trigger', () => {
  it('stop the ticks, let them go on, and make one', async () => {
    const { schedules } = await processWith([REPORT]);
    await add(schedules, RIGHT);
    await schedules.pause(RIGHT.name);
    expect(await schedules.get(RIGHT.name)).toMatchObject({ paused: true, nextRunAt: null, nextRuns: [] });
    expect(await schedules.trigger(RIGHT.name)).toMatchObject({ name: 'send_report', queue: 'emails', runAt: START });
    await schedules.resume(RIGHT.name);
    expect(await schedules.get(RIGHT.name)).toMatchObject({ paused: false, nextRunAt: START + HOUR / 2 });
  });

  it('name the schedules that there are where one is unknown', async () => {
    const { schedules } = await processWith([REPORT]);
    await add(schedules, { ...RIGHT, name: 'hourly' });
    for (const call of ['get', 'remove', 'pause', 'resume', 'trigger'] as const) {
      const error = await refusal(schedules[call]('hourli'));
      expect(error).toBeInstanceOf(ScheduleNotFoundError);
      expect((error as Error).message).toBe(
        'There is no cron schedule "hourli". Did you mean "hourly"? Known: "hourly".',
      );
    }
  });

  it('say so where the task of a run is gone before it was read', async () => {
    const { schedules, engine } = await processWith([REPORT]);
    await add(schedules, RIGHT);
    engine.inspecting.get = () => Promise.resolve(null);
    expect(await refusal(schedules.trigger(RIGHT.name))).toBeInstanceOf(TaskNotFoundError);
  });
});

describe('CronSchedules.saveAll', () => {
  it('stores what code declares, and warns of what no code here does', async () => {
    const old = await processWith([{ name: 'old' }], [declaration('old'), declaration('older'), declaration('kept')]);
    await old.schedules.saveAll();
    await add((await processWith([REPORT])).schedules, RIGHT);
    expect(warnings).toEqual([]);

    const next = await processWith([{ name: 'kept' }, REPORT], [declaration('new')]);
    await next.schedules.saveAll();
    expect((await next.schedules.list()).map(({ name }) => name)).toEqual([
      'kept',
      'new',
      'old',
      'older',
      'report:acme',
    ]);
    expect(warnings).toEqual([
      'The store has cron schedules that no @Cron of this process declares: "old" and "older". ' +
        'Where they are not of another process, they are left from earlier code: remove them with CronSchedules.remove(name).',
    ]);
  });

  it('warns of nothing in a process without handlers, and where nothing is left over', async () => {
    const one = await processWith([REPORT], [declaration('hourly')]);
    await one.schedules.saveAll();
    await one.schedules.saveAll();
    await (await processWith([])).schedules.saveAll();
    await add(one.schedules, RIGHT);
    await (await processWith([{ name: 'other' }], [declaration('hourly')])).schedules.saveAll();
    expect(warnings).toEqual([]);
  });
});

describe('CronRegistry', () => {
  it('looks for what modules have brought since before it answers', async () => {
    const crons = new CronRegistry();
    const declared = { schedule: declaration('late'), location: 'Late.tick' };
    crons.beforeReading(() => crons.add(declared));
    expect(crons.get('late')).toBe(declared);
    expect(crons.get('later')).toBeUndefined();
    const again = new CronRegistry();
    again.beforeReading(() => again.add(declared));
    expect(again.all()).toEqual([declared]);
  });
});
