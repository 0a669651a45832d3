import { Injectable } from '@nestjs/common';
import { Cron as NestCron, ScheduleModule } from '@nestjs/schedule';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cron, Sensitive, TaskHandler } from '../../lib/nest/index.js';
import { InvalidArgumentError, ScheduleNotFoundError, TasksConfigError } from '../../lib/contract/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { CronBench } from './support/cron-app.js';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1, 0, 30);

/** One decorator a case: hourly at full hours, and what happens to missed ticks. */
@Injectable()
class Hourly {
  static readonly runs: string[] = [];

  @NestCron('0 * * * *', { name: 'hourly', timeZone: 'UTC' })
  hourly(): void {
    Hourly.runs.push('hourly');
  }
}

@Injectable()
class CatchUps {
  @Cron('0 * * * *', { name: 'once', timeZone: 'UTC' })
  once(): void {}

  @Cron('0 * * * *', { name: 'all', timeZone: 'UTC', catchUp: 'all' })
  all(): void {}

  @Cron('0 * * * *', { name: 'skip', timeZone: 'UTC', catchUp: 'skip' })
  skip(): void {}

  @Cron('0 * * * *', { name: 'recent', timeZone: 'UTC', catchUp: 'all', threshold: '90m' })
  recent(): void {}

  @Cron('0 * * * *', { name: 'off', timeZone: 'UTC', disabled: true })
  off(): void {}
}

class ReportParams {
  customer!: string;

  @Sensitive()
  password?: string;
}

@Injectable()
class Reports {
  readonly sent: string[] = [];

  @TaskHandler('send_report', { params: ReportParams })
  send({ customer }: ReportParams): void {
    this.sent.push(customer);
  }
}

let clock: ManualClock;
let bench: CronBench;

beforeEach(() => {
  clock = new ManualClock(START);
  bench = new CronBench(clock);
  Hourly.runs.length = 0;
});

afterEach(() => bench.end());

describe('a tick', () => {
  it('runs the method once as a task, with two apps on one file', async () => {
    const [one, two] = [await bench.start({ providers: [Hourly] }), await bench.start({ providers: [Hourly] })];
    for (let tick = 1; tick <= 5; tick += 1) {
      clock.set(Date.UTC(2026, 0, 1, tick));
      const runs = await one.completed('hourly', tick);
      expect(runs.at(-1)).toMatchObject({ queue: 'default', runAt: Date.UTC(2026, 0, 1, tick), attempt: 1 });
    }
    // Closing waits for what either of them still has under way.
    await Promise.all([one.close(), two.close()]);
    const later = await bench.start({});
    expect(await later.runs('hourly')).toHaveLength(5);
    expect(Hourly.runs).toHaveLength(5);
  });

  it('gives the method the context of its task, whose retries and history are those of any other', async () => {
    @Injectable()
    class Flaky {
      readonly attempts: number[] = [];

      @Cron('0 * * * *', { name: 'flaky', queue: 'imports', timeZone: 'UTC', maxRetries: 2, retryDelay: '1m' })
      run(task: TaskContext): void {
        this.attempts.push(task.attempt);
        task.log(`attempt ${task.attempt}`);
        if (task.attempt === 1) throw new Error('not yet');
      }
    }
    const app = await bench.start({ providers: [Flaky] });
    clock.set(Date.UTC(2026, 0, 1, 1));
    const [first] = await app.until('the first attempt', async () => {
      const runs = await app.runs('flaky');
      return runs[0]?.state === 'retryable' && runs;
    });
    expect(first).toMatchObject({ queue: 'imports', maxAttempts: 3, error: { message: 'not yet' } });
    clock.advance(MINUTE);
    const done = await app.state(first!, 'completed');
    expect(done.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'completed']);
    expect(done.logs.map(({ message }) => message)).toEqual(['attempt 1', 'attempt 2']);
    expect(app.module.get(Flaky).attempts).toEqual([1, 2]);
  });

  it('comes at the local time of its zone over a daylight-saving change', async () => {
    clock.set(Date.UTC(2026, 2, 28, 12));
    @Injectable()
    class Nightly {
      @Cron('30 2 * * *', { name: 'nightly', timeZone: 'Europe/Paris' })
      run(): void {}
    }
    const app = await bench.start({ providers: [Nightly] });
    // 29 March has no 02:30: it runs at the jump. From then on 02:30 is 00:30 UTC.
    const expected = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 2, 30, 0, 30)];
    for (const [index, time] of expected.entries()) {
      clock.set(time);
      await app.completed('nightly', index + 1);
    }
    expect((await app.runs('nightly')).map(({ runAt }) => runAt)).toEqual(expected);
  });

  it('comes once in the night that has its hour twice', async () => {
    clock.set(Date.UTC(2026, 9, 24, 12));
    @Injectable()
    class Nightly {
      @Cron('30 2 * * *', { name: 'nightly', timeZone: 'Europe/Paris' })
      run(): void {}
    }
    const app = await bench.start({ providers: [Nightly] });
    // 25 October has 02:30 at 00:30 UTC, and again at 01:30 UTC.
    const expected = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 26, 1, 30)];
    clock.set(expected[0]!);
    await app.completed('nightly', 1);
    expect((await app.schedules.get('nightly')).nextRunAt).toBe(expected[1]);
    clock.set(expected[1]!);
    await app.completed('nightly', 2);
    expect((await app.runs('nightly')).map(({ runAt }) => runAt)).toEqual(expected);
  });

  it('that has run does not come again when the clock is set back, nor is a later one left out', async () => {
    const app = await bench.start({ providers: [Hourly] });
    for (const hour of [1, 2]) {
      clock.set(Date.UTC(2026, 0, 1, hour));
      await app.completed('hourly', hour);
    }
    clock.set(Date.UTC(2026, 0, 1, 0, 30));
    await app.close();
    const again = await bench.start({ providers: [Hourly] });
    for (const hour of [1, 2, 3]) clock.set(Date.UTC(2026, 0, 1, hour));
    await again.completed('hourly', 3);
    const ticks = [1, 2, 3].map((hour) => Date.UTC(2026, 0, 1, hour));
    expect((await again.runs('hourly')).map(({ runAt }) => runAt)).toEqual(ticks);
  });

  it('of a date comes once, also over restarts', async () => {
    @Injectable()
    class Launch {
      @Cron('2026-01-01T02:00:00Z', { name: 'launch' })
      run(): void {}
    }
    const app = await bench.start({ providers: [Launch] });
    clock.set(Date.UTC(2026, 0, 1, 2));
    await app.completed('launch', 1);
    await app.close();
    const again = await bench.start({ providers: [Launch, Hourly] });
    clock.set(Date.UTC(2026, 0, 1, 3));
    await again.completed('hourly', 1);
    expect(await again.runs('launch')).toHaveLength(1);
    expect(await again.schedules.get('launch')).toMatchObject({ nextRunAt: null, nextRuns: [] });
  });
});

describe('a schedule that cannot be computed', () => {
  it('does not keep the others from ticking', async () => {
    const app = await bench.start({ providers: [Hourly, Reports] });
    await app.schedules.add({ name: 'broken', expression: '0 * * * *', queue: 'emails', task: 'send_report' });
    bench.sql(`UPDATE tasks_schedule SET expression = 'of a later version' WHERE name = 'broken'`);
    clock.set(Date.UTC(2026, 0, 1, 1));
    await app.completed('hourly', 1);
    expect(await app.schedules.get('broken')).toMatchObject({ expression: 'of a later version' });
    clock.set(Date.UTC(2026, 0, 1, 2));
    await app.completed('hourly', 2);
    expect(await app.runs('send_report')).toEqual([]);
    await app.schedules.remove('broken');
  });
});

describe('after a downtime', () => {
  it('does what the catch-up policy and the threshold say', async () => {
    const before = await bench.start({ providers: [CatchUps] });
    await before.close();
    clock.set(Date.UTC(2026, 0, 1, 3, 10)); // missed: 01:00, 02:00, 03:00
    const after = await bench.start({ providers: [CatchUps] });
    clock.advance(0);
    await after.until('every schedule to be caught up with', async () => {
      const schedules = await after.schedules.list();
      return schedules.every(({ disabled, nextRunAt }) => disabled || nextRunAt! > clock.now());
    });
    const hours = async (name: string) => (await after.runs(name)).map(({ runAt }) => new Date(runAt).getUTCHours());
    expect(await hours('once')).toEqual([3]);
    expect(await hours('all')).toEqual([1, 2, 3]);
    expect(await hours('skip')).toEqual([]);
    expect(await hours('recent')).toEqual([2, 3]);
    expect(await hours('off')).toEqual([]);
    await Promise.all([after.completed('once', 1), after.completed('all', 3), after.completed('recent', 2)]);

    clock.set(Date.UTC(2026, 0, 1, 4));
    await after.completed('skip', 1);
    expect(await hours('skip')).toEqual([4]);
  });

  it('begins anew where the expression was changed', async () => {
    class Before {
      @Cron('0 * * * *', { name: 'moved', timeZone: 'UTC' })
      run(): void {}
    }
    class After {
      @Cron('45 * * * *', { name: 'moved', timeZone: 'UTC' })
      run(): void {}
    }
    await (await bench.start({ providers: [Before] })).close();
    clock.set(Date.UTC(2026, 0, 1, 3, 10));
    const app = await bench.start({ providers: [After] });
    expect(await app.schedules.get('moved')).toMatchObject({ nextRunAt: Date.UTC(2026, 0, 1, 3, 45) });
  });
});

describe('waitForCompletion', () => {
  it('leaves out the ticks that come while a run has not ended', async () => {
    let release = (): void => {};
    @Injectable()
    class Slow {
      @NestCron('*/10 * * * *', { name: 'slow', timeZone: 'UTC', waitForCompletion: true })
      run(): Promise<void> {
        return new Promise((resolve) => (release = resolve));
      }

      @Cron('*/10 * * * *', { name: 'beside', timeZone: 'UTC' })
      beside(): void {}
    }
    const app = await bench.start({ providers: [Slow] });
    clock.set(START + 10 * MINUTE);
    const [first] = await app.until('the slow run', async () => {
      const runs = await app.runs('slow');
      return runs[0]?.state === 'running' && runs;
    });
    clock.set(START + 20 * MINUTE);
    await app.completed('beside', 2);
    await app.until('the tick to have passed', async () => {
      const { nextRunAt } = await app.schedules.get('slow');
      return nextRunAt === START + 30 * MINUTE;
    });
    expect(await app.runs('slow')).toHaveLength(1);
    release();
    await app.state(first!, 'completed');
    clock.set(START + 30 * MINUTE);
    await app.until('the next run', async () => (await app.runs('slow')).length === 2);
    await app.until('it to run', async () => (await app.runs('slow'))[1]?.state === 'running');
    release();
  });
});

describe('CronSchedules', () => {
  it('lists what code declares, with the next ticks', async () => {
    const app = await bench.start({ providers: [Hourly, CatchUps] });
    const list = await app.schedules.list();
    expect(list.map(({ name }) => name)).toEqual(['all', 'hourly', 'off', 'once', 'recent', 'skip']);
    expect(list[1]).toMatchObject({
      expression: '0 * * * *',
      timeZone: 'UTC',
      params: {},
      settings: null,
      source: 'code',
      location: 'Hourly.hourly',
      registered: true,
      paused: false,
      lastRunAt: null,
      nextRunAt: Date.UTC(2026, 0, 1, 1),
      nextRuns: [1, 2, 3, 4, 5].map((hour) => Date.UTC(2026, 0, 1, hour)),
    });
    expect(await app.schedules.get('off')).toMatchObject({ disabled: true, nextRunAt: null, nextRuns: [] });
  });

  it('pauses and resumes, over a restart too, without making up for the pause', async () => {
    const app = await bench.start({ providers: [Hourly, CatchUps] });
    await app.schedules.pause('hourly');
    expect(await app.schedules.get('hourly')).toMatchObject({ paused: true, nextRunAt: null });
    clock.set(Date.UTC(2026, 0, 1, 1));
    await app.completed('once', 1);
    await app.close();

    const again = await bench.start({ providers: [Hourly, CatchUps] });
    expect((await again.schedules.get('hourly')).paused).toBe(true);
    clock.set(Date.UTC(2026, 0, 1, 2, 30));
    await again.completed('once', 2);
    expect(await again.runs('hourly')).toEqual([]);
    await again.schedules.resume('hourly');
    expect(await again.schedules.get('hourly')).toMatchObject({ paused: false, nextRunAt: Date.UTC(2026, 0, 1, 3) });
    clock.set(Date.UTC(2026, 0, 1, 3));
    const runs = await again.completed('hourly', 1);
    expect(runs.map(({ runAt }) => runAt)).toEqual([Date.UTC(2026, 0, 1, 3)]);
  });

  it('triggers a run beside the ticks, even of what is paused or disabled', async () => {
    const app = await bench.start({ providers: [Hourly, CatchUps] });
    await app.schedules.pause('hourly');
    for (const name of ['hourly', 'off']) {
      const task = await app.schedules.trigger(name);
      expect(task).toMatchObject({ name, queue: 'default', runAt: START });
      await app.state(task, 'completed');
      expect(await app.schedules.get(name)).toMatchObject({ lastTaskId: task.id, lastRunAt: START });
    }
    const once = await app.schedules.trigger('once');
    await app.state(once, 'completed');
    expect((await app.schedules.get('once')).nextRunAt).toBe(Date.UTC(2026, 0, 1, 1));
  });

  it('adds a schedule that lasts, replaces it and removes it', async () => {
    const report = {
      name: 'report:acme',
      expression: '0 * * * *',
      timeZone: 'UTC',
      queue: 'emails',
      task: 'send_report',
      params: { customer: 'acme' },
      maxRetries: 9,
      catchUp: 'all',
    } as const;
    const app = await bench.start({ providers: [Reports] });
    expect(await app.schedules.add(report)).toMatchObject({
      name: 'report:acme',
      source: 'runtime',
      queue: 'emails',
      params: { customer: 'acme' },
      settings: { maxRetries: 9 },
      maxAttempts: 10,
      location: null,
      registered: true,
      nextRunAt: Date.UTC(2026, 0, 1, 1),
    });
    clock.set(Date.UTC(2026, 0, 1, 1));
    await app.completed('send_report', 1);
    expect(app.module.get(Reports).sent).toEqual(['acme']);
    await app.close();

    // An app that adds nothing itself still ticks what was added before.
    const again = await bench.start({ providers: [Reports] });
    clock.set(Date.UTC(2026, 0, 1, 2));
    await again.completed('send_report', 2);
    await again.schedules.add({ ...report, expression: '30 * * * *', params: { customer: 'initech' } });
    expect(await again.schedules.list()).toHaveLength(1);
    clock.set(Date.UTC(2026, 0, 1, 2, 30));
    await again.completed('send_report', 3);
    expect(again.module.get(Reports).sent).toEqual(['acme', 'initech']);

    await again.schedules.remove('report:acme');
    expect(await again.schedules.list()).toEqual([]);
    await expect(again.schedules.remove('report:acme')).rejects.toThrow(ScheduleNotFoundError);
  });

  it.each([
    ['expression', { expression: '61 * * * *' }, InvalidArgumentError, /"61 \* \* \* \*".*Right would be/],
    ['name', { name: 'hourly' }, InvalidArgumentError, /@Cron on Hourly\.hourly/],
  ])('refuses a wrong %s and stores nothing: %j', async (field, wrong, type, message) => {
    const app = await bench.start({ providers: [Reports, Hourly] });
    const right = { name: 'r', expression: '@daily', queue: 'emails', task: 'send_report', params: { customer: 'a' } };
    const error: unknown = await app.schedules.add({ ...right, ...wrong }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(type);
    expect((error as InvalidArgumentError).field).toBe(field);
    expect((error as Error).message).toMatch(message);
    expect((await app.schedules.list()).map(({ name }) => name)).toEqual(['hourly']);
  });

  it('names the schedules that there are when one is unknown', async () => {
    const app = await bench.start({ providers: [Hourly] });
    for (const call of ['get', 'remove', 'pause', 'resume', 'trigger'] as const) {
      await expect(app.schedules[call]('hourli')).rejects.toThrow(/"hourli".*Did you mean "hourly"/);
    }
  });

  it('removes a schedule of code only where the code is gone', async () => {
    const app = await bench.start({ providers: [Hourly] });
    await expect(app.schedules.remove('hourly')).rejects.toThrow(/@Cron on Hourly\.hourly.*disabled: true/);
    await app.close();

    const other = await bench.start({ providers: [Reports] });
    expect(await other.schedules.get('hourly')).toMatchObject({ registered: false, location: null, source: 'code' });
    await expect(
      other.schedules.add({ name: 'hourly', expression: '@daily', queue: 'emails', task: 'send_report' }),
    ).rejects.toThrow(/another process/);
    await other.schedules.remove('hourly');
    expect(await other.schedules.list()).toEqual([]);
  });

  it('shows what others declare in a process without handlers', async () => {
    await bench.start({ providers: [Hourly] });
    const panel = await bench.start({}, { workers: false });
    expect(await panel.schedules.list()).toMatchObject([{ name: 'hourly', registered: null }]);
  });
});

describe('the option "crons"', () => {
  it('stands over the decorator of a name, as far as it says something', async () => {
    const app = await bench.start(
      { providers: [Hourly, CatchUps] },
      { crons: { hourly: { expression: '30 5 * * *', timeZone: 'Europe/Paris' }, off: { disabled: false }, once: {} } },
    );
    expect(await app.schedules.get('hourly')).toMatchObject({
      expression: '30 5 * * *',
      timeZone: 'Europe/Paris',
      disabled: false,
    });
    expect(await app.schedules.get('off')).toMatchObject({ disabled: false });
    await app.close();
    const plain = await bench.start({ providers: [Hourly, CatchUps] }, { crons: { hourly: { disabled: true } } });
    expect(await plain.schedules.get('hourly')).toMatchObject({
      expression: '0 * * * *',
      disabled: true,
      nextRunAt: null,
    });
    expect(await plain.schedules.get('off')).toMatchObject({ disabled: true });
  });

  it('stops the boot where a name, an expression or a zone is wrong', async () => {
    const providers = [Hourly];
    const named = bench.start({ providers }, { crons: { houry: { disabled: true } } });
    await expect(named).rejects.toThrow(/"houry", and no @Cron.*Did you mean "hourly"\?/);
    const expression = bench.start({ providers }, { crons: { hourly: { expression: 'each day' } } });
    await expect(expression).rejects.toThrow(/"crons", "hourly", over @Cron on Hourly\.hourly: "each day"/);
    const zone = bench.start({ providers }, { crons: { hourly: { timeZone: 'Paris' } } });
    await expect(zone).rejects.toThrow(/no time zone "Paris"/);
    const key = bench.start({ providers }, { crons: { hourly: { timezone: 'UTC' } as object } });
    await expect(key).rejects.toThrow(/timezone.*timeZone/);
    await bench.start({}, { crons: { houry: { disabled: true } } });
  });
});

describe('beside ScheduleModule', () => {
  it('stops the boot where both would run the methods', async () => {
    const both = bench.start({ imports: [ScheduleModule.forRoot()], providers: [Hourly] });
    await expect(both).rejects.toThrow(TasksConfigError);
    await expect(both).rejects.toThrow(/Hourly\.hourly.*cronJobs: false.*cron: 'own'/);
  });

  it("boots with its cron jobs off, and leaves Nest's to it with cron: 'own'", async () => {
    const off = await bench.start({ imports: [ScheduleModule.forRoot({ cronJobs: false })], providers: [Hourly] });
    expect(await off.schedules.list()).toMatchObject([{ name: 'hourly' }]);
    await off.schedules.trigger('hourly');
    await off.completed('hourly', 1);
    await off.close();

    const fresh = new CronBench(clock);
    try {
      const own = await fresh.start(
        { imports: [ScheduleModule.forRoot()], providers: [Hourly, CatchUps] },
        { cron: 'own' },
      );
      expect((await own.schedules.list()).map(({ name }) => name)).toEqual(['all', 'off', 'once', 'recent', 'skip']);
    } finally {
      await fresh.end();
    }
  });
});
