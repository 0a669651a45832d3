import { isDeepStrictEqual } from 'node:util';
import { describe, expect } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import type { Schedule, TaskSummary } from '../../lib/contract/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { CONSUME, EVERY_UNIT } from './harness.js';

const SCHEDULE: Schedule = {
  name: 'nightly',
  expression: EVERY_UNIT,
  timeZone: null,
  utcOffset: null,
  queue: 'default',
  task: 'work',
  params: '{"from":"cron"}',
  priority: 0,
  maxAttempts: 4,
  settings: null,
  catchUp: 'once',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'code',
};

const UNKNOWN = { name: 'UnknownTaskNameError', message: 'nobody knows it' };

/** A tick that has not passed when its schedule is saved, on a machine that is very busy. */
const TO_COME = 40;

/** A case that begins at a tick: ticks are at full units. */
interface ScheduleCase extends EngineCase {
  readonly isInjected: boolean;
  /** What was run, the latest first. */
  runs(): Promise<TaskSummary[]>;
  /** The ticks that were run, the latest first: 1 is the first after the test began. */
  ticks(): Promise<number[]>;
  ticked(tick: number): Promise<void>;
  /** In an expected value: the time of a tick, or of one after it on a clock that goes on by itself. */
  atTick(tick: number): unknown;
  /** An expression that ticks once. */
  once(tick: number): string;
}

async function beginAtTick(opened: EngineCase): Promise<ScheduleCase> {
  const { clock, unit, advance } = opened;
  await advance((unit - (clock.now() % unit)) % unit);
  const now = clock.now();
  return scheduleCase({ ...opened, start: now - (now % unit) });
}

function scheduleCase(opened: EngineCase): ScheduleCase {
  const { engine, unit, start, until } = opened;
  const isInjected = engine.capabilities.clock === 'injected';
  const runs = async (): Promise<TaskSummary[]> => {
    const { items } = await engine.inspecting.list({ name: 'work' }, { limit: 100 });
    return items.toSorted((one, other) => other.runAt - one.runAt);
  };
  return {
    ...opened,
    isInjected,
    runs,
    ticks: async () => (await runs()).map(({ runAt }) => (runAt - start) / unit),
    ticked: (tick) =>
      until(`tick ${tick}`, async () => {
        const { lastRunAt } = (await engine.scheduling.all())[0]!;
        const at = start + tick * unit;
        return isInjected ? lastRunAt === at : lastRunAt !== null && lastRunAt >= at;
      }),
    atTick: (tick) => {
      const time = start + tick * unit;
      if (isInjected) return time;
      return {
        asymmetricMatch: (found: number) => found >= time && found % unit === 0,
        toString: () => `tick ${tick}`,
      };
    },
    once: (tick) => new Date(start + tick * unit).toISOString(),
  };
}

/** Schedules and their ticks. */
export function describeScheduling(it: CaseTest): void {
  describe('schedules', () => {
    const itAtTick = (name: string, test: (opened: ScheduleCase) => Promise<void>): void =>
      it(name, async (opened) => test(await beginAtTick(opened)));

    it('enqueues a run at each tick, once for all processes', async (opened) => {
      const other = await opened.open();
      const { engine, unit, start, advanceTo, runs, ticks, ticked, atTick, until } = await beginAtTick(opened);
      // On a machine that is busy, ticks are late.
      const schedule = { ...SCHEDULE, catchUp: 'all' as const, traits: { tags: { report: 'nightly' } } };
      await engine.scheduling.save(schedule);
      await other.scheduling.save(schedule);
      const stored = await engine.scheduling.all();
      expect(stored).toMatchObject([{ ...schedule, paused: false, nextRunAt: atTick(1) }]);
      // On a clock that goes on by itself, ticks may have passed before it was stored.
      const first = (stored[0]!.nextRunAt! - start) / unit;
      const wanted = [4, 3, 2, 1, 0].map((later) => first + later);
      for (const tick of wanted.toReversed()) {
        await advanceTo(start + tick * unit);
        await ticked(tick);
      }
      expect((await ticks()).filter((tick) => wanted.includes(tick))).toEqual(wanted);
      const [last] = await runs();
      expect(last).toMatchObject({
        state: 'available',
        params: { from: 'cron' },
        maxAttempts: 4,
        tags: { report: 'nightly' },
      });
      await engine.scheduling.setPaused('nightly', true);
      await until('the last five runs to be noted', async () => {
        const { lastRunAt, lastTaskId, lastTaskIds } = (await engine.scheduling.all())[0]!;
        const newest = (await runs()).slice(0, 5);
        const noted = { at: newest[0]!.runAt, id: newest[0]!.id, ids: newest.map(({ id }) => id) };
        return isDeepStrictEqual({ at: lastRunAt, id: lastTaskId, ids: lastTaskIds }, noted);
      });
    });

    const MISSED = [
      ['once', null, 1 / 2, [3]],
      ['once', 1 / 6, 1 / 2, []],
      ['all', null, 1 / 2, [3, 2, 1]],
      ['all', 2, 1 / 2, [3, 2]],
      ['skip', null, 1 / 2, [3]],
      ['skip', 1 / 6, 1 / 2, []],
      ['skip', null, -1 / 2, [2]],
    ] as const;
    for (const [catchUp, threshold, late, expected] of MISSED) {
      itAtTick(`makes up for missed ticks: ${catchUp}, threshold ${threshold}, late by ${late}`, async (opened) => {
        const { engine: before, unit, start, open, advanceTo, isInjected, until } = opened;
        const schedule = { ...SCHEDULE, catchUp, threshold: threshold === null ? null : threshold * unit };
        await before.scheduling.save(schedule);
        const savedAt = Date.now();
        await before.close();
        // As early as can be: a clock that stands still can be told to be one millisecond before the tick.
        await advanceTo(start + 3 * unit + (late < 0 && isInjected ? -1 : late * unit));
        const engine = await open();
        const { runs, ticks } = scheduleCase({ ...opened, engine });
        await engine.scheduling.save(schedule);
        if (isInjected) {
          const next = start + (late < 0 ? 3 : 4) * unit;
          await until('the next tick', async () => (await engine.scheduling.all())[0]!.nextRunAt === next, engine);
          expect(await ticks()).toEqual(expected);
          return;
        }
        // When another is planned after the one that was planned first, what was missed has been dealt with.
        const planned = new Set<number>();
        await until(
          'what was missed to be dealt with',
          async () => {
            const { nextRunAt, lastRunAt } = (await engine.scheduling.all())[0]!;
            if (nextRunAt! >= start + 4 * unit) planned.add(nextRunAt!);
            return expected.length > 0 ? lastRunAt !== null : planned.size > 1;
          },
          engine,
        );
        // What came due while the schedule was being stored may be a tick of it or not.
        const made = (await runs()).filter(({ runAt }) => runAt > savedAt);
        // By then, more ticks may have come due than those that were missed on purpose.
        const madeUpAt = Math.min(...made.map(({ createdAt }) => createdAt));
        const due = made.filter(({ runAt }) => runAt <= madeUpAt).map(({ runAt }) => (runAt - start) / unit);
        const newest = Math.floor((madeUpAt - start) / unit);
        const missed = Array.from({ length: made.length > 0 ? newest : 0 }, (_, index) => newest - index).filter(
          (tick) => start + tick * unit > savedAt,
        );
        const wanted = catchUp === 'all' ? missed : missed.slice(0, 1);
        const tolerance = threshold ?? Infinity;
        expect(due).toEqual(wanted.filter((tick) => madeUpAt - (start + tick * unit) <= tolerance * unit));
        if (expected.length > 0) expect(due.length).toBeGreaterThan(0);
      });
    }

    itAtTick(
      'starts anew when its expression changes',
      async ({ engine, unit, start, advanceTo, ticks, ticked, once }) => {
        await engine.scheduling.save({ ...SCHEDULE, expression: once(1_000) });
        expect(await engine.scheduling.all()).toEqual([
          {
            ...SCHEDULE,
            expression: once(1_000),
            paused: false,
            nextRunAt: start + 1_000 * unit,
            lastRunAt: null,
            lastTaskId: null,
            lastTaskIds: [],
          },
        ]);
        await engine.scheduling.save({ ...SCHEDULE, expression: once(4.5) });
        expect(await engine.scheduling.all()).toMatchObject([{ nextRunAt: start + 4.5 * unit }]);
        await advanceTo(start + 4.5 * unit);
        await ticked(4.5);
        expect(await engine.scheduling.all()).toMatchObject([{ nextRunAt: null }]);
        expect(await ticks()).toEqual([4.5]);
      },
    );

    itAtTick(
      'does not tick while paused, and goes on from now',
      async ({ engine, clock, unit, start, advanceTo, isInjected, runs, ticks, ticked, atTick }) => {
        await engine.scheduling.save(SCHEDULE);
        expect(await engine.scheduling.setPaused('nightly', true)).toBe(true);
        const pausedAt = clock.now();
        await advanceTo(start + 3 * unit);
        const resumedAt = clock.now();
        expect(await engine.scheduling.setPaused('nightly', false)).toBe(true);
        expect(await engine.scheduling.all()).toMatchObject([{ paused: false, nextRunAt: atTick(4) }]);
        await advanceTo(start + 4 * unit);
        await ticked(4);
        expect((await runs()).filter(({ runAt }) => runAt > pausedAt && runAt <= resumedAt)).toEqual([]);
        if (isInjected) expect(await ticks()).toEqual([4]);
        expect(await engine.scheduling.setPaused('nobody', true)).toBe(false);
      },
    );

    itAtTick('does not tick while disabled', async ({ engine, unit, advance, until, runs }) => {
      await engine.scheduling.save({ ...SCHEDULE, disabled: true });
      await engine.scheduling.save({ ...SCHEDULE, name: 'witness', task: 'witness' });
      await advance(unit);
      await until('the witness to tick', async () => (await engine.scheduling.all())[1]!.lastRunAt !== null);
      expect(await runs()).toEqual([]);
    });

    itAtTick(
      'leaves out a tick while the run before is not over, where runs must not overlap',
      async ({ engine, unit, start, advanceTo, until, runs, ticked }) => {
        await engine.scheduling.save({ ...SCHEDULE, overlap: false });
        await advanceTo(start + unit);
        await ticked(1);
        await advanceTo(start + 2 * unit);
        await until(
          'the second tick to pass',
          async () => (await engine.scheduling.all())[0]!.nextRunAt! >= start + 3 * unit,
        );
        await advanceTo(start + 2.5 * unit);
        expect(await runs()).toHaveLength(1);
        await engine.acting.act('cancel', { filter: {} });
        await advanceTo(start + 3 * unit);
        await until('the second run', async () => (await runs()).length === 2);
        await ticked(3);
      },
    );

    itAtTick(
      'waits with its ticks while nobody knows the task of the run before, and goes on when somebody does',
      async ({ engine, clock, unit, start, advanceTo, until, runs, ticked, isInjected }) => {
        await engine.scheduling.save(SCHEDULE);
        let known = false;
        const consumer = await engine.delivering.consume('default', CONSUME, async ({ task }) => {
          const maxAttempts = task.maxAttempts ?? 1;
          if (known) return { kind: 'completed', keepFor: null, maxAttempts };
          return { kind: 'declined', wait: 1_000 * unit, error: UNKNOWN, keepFor: null, maxAttempts };
        });
        await advanceTo(start + unit);
        await ticked(1);
        const last = async () => engine.inspecting.get((await engine.scheduling.all())[0]!.lastTaskId!);
        await until('the last run to be left to others', async () => {
          const task = await last();
          return task?.unhandledSince !== undefined && task.state !== 'running';
        });
        const before = (await runs()).length;
        const first = Math.ceil((clock.now() - start) / unit);
        for (let tick = first + 1; tick <= first + 5; tick += 1) {
          await advanceTo(start + tick * unit);
          await until(
            'the tick to pass',
            async () => (await engine.scheduling.all())[0]!.nextRunAt! > start + tick * unit,
          );
        }
        // On a clock that goes on by itself, one may have come while the last run was left to others.
        expect((await runs()).length).toBeLessThanOrEqual(before + (isInjected ? 0 : 1));
        known = true;
        await until('the last run to be completed', async () => {
          // It may be in the hands of the consumer that does not know it yet.
          await engine.acting.act('run-now', { filter: {} });
          return (await last())?.state === 'completed';
        });
        const after = (await runs()).length;
        await advanceTo(start + (Math.ceil((clock.now() - start) / unit) + 1) * unit);
        await until('another run', async () => (await runs()).length > after);
        await consumer.close(0);
      },
    );

    itAtTick(
      'has no more runs once nobody has known the task of the last, until code declares it again',
      async ({ engine, clock, unit, start, advanceTo, until, runs, isInjected }) => {
        const schedule = { ...SCHEDULE, catchUp: 'skip' as const };
        await engine.scheduling.save(schedule);
        const consumer = await engine.delivering.consume('default', CONSUME, async ({ task }) => {
          return { kind: 'declined', wait: unit / 2, error: UNKNOWN, keepFor: null, maxAttempts: task.maxAttempts };
        });
        await advanceTo(start + unit);
        await until('the run to be left to others', async () => {
          return (await runs()).some((task) => task.unhandledSince !== undefined && task.state !== 'running');
        });
        await advanceTo(start + 2 * unit);
        await until('the run to fail', async () => {
          await engine.acting.act('run-now', { filter: {} });
          return (await runs()).some(({ state }) => state === 'failed');
        });
        const before = (await runs()).length;
        const first = Math.ceil((clock.now() - start) / unit);
        for (let tick = first + 1; tick <= first + 5; tick += 1) {
          await advanceTo(start + tick * unit);
          const isPast = async () => (await engine.scheduling.all())[0]!.nextRunAt! > start + tick * unit;
          await until('the tick to pass', isPast);
        }
        // On a clock that goes on by itself, one may have come while the last run was failing.
        expect((await runs()).length).toBeLessThanOrEqual(before + (isInjected ? 0 : 1));
        const all = (await runs()).length;
        await engine.scheduling.save(schedule);
        await advanceTo(start + (Math.ceil((clock.now() - start) / unit) + 1) * unit);
        await until('another run', async () => (await runs()).length > all);
        await consumer.close(0);
      },
    );

    itAtTick('is triggered by hand beside its ticks', async ({ engine, unit, start, after, once }) => {
      await engine.scheduling.save({ ...SCHEDULE, expression: once(1_000) });
      const { id, enqueued } = (await engine.scheduling.trigger('nightly'))!;
      expect(enqueued).toBe(true);
      expect(await engine.inspecting.get(id)).toMatchObject({
        state: 'available',
        name: 'work',
        runAt: after(start),
      });
      expect(await engine.scheduling.all()).toMatchObject([{ nextRunAt: start + 1_000 * unit, lastTaskId: id }]);
      expect(await engine.scheduling.trigger('nobody')).toBeNull();
    });

    itAtTick('is triggered once for each id that somebody gives the run', async ({ engine, open, once }) => {
      await engine.scheduling.save({ ...SCHEDULE, expression: once(1_000) });
      const other = await open();
      const both = [engine, other, other].map((process) => process.scheduling.trigger('nightly', 'nightly:today'));
      const answers = (await Promise.all(both)).map((triggered) => triggered!.enqueued);
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await engine.scheduling.all()).toMatchObject([{ lastTaskIds: ['nightly:today'] }]);
      const { id } = (await engine.scheduling.trigger('nightly'))!;
      expect(await engine.scheduling.trigger('nightly', 'nightly:today')).toEqual({
        id: 'nightly:today',
        enqueued: false,
      });
      expect(await engine.scheduling.all()).toMatchObject([{ lastTaskIds: [id, 'nightly:today'] }]);
    });

    itAtTick('gives each run tags, and the times by which it must have started and ended', async (opened) => {
      const { engine, clock, unit, start, once, until, runs, advanceTo } = opened;
      if (!engine.capabilities.lapses) return;
      const traits = { tags: { customer: '42' }, expires: 2 * unit, deadline: 1_000 * unit };
      await engine.scheduling.save({ ...SCHEDULE, expression: once(TO_COME), traits });
      expect(await engine.scheduling.all()).toMatchObject([{ traits }]);
      const { id } = (await engine.scheduling.trigger('nightly'))!;
      const { tags, startBy, deadlineAt, createdAt } = (await engine.inspecting.get(id))!;
      expect({ tags, startBy: startBy! - createdAt, deadlineAt: deadlineAt! - createdAt }).toEqual({
        tags: traits.tags,
        startBy: traits.expires,
        deadlineAt: traits.deadline,
      });
      await advanceTo(start + TO_COME * unit);
      await until('the tick', async () => (await runs()).length === 2);
      await advanceTo(clock.now() + 2 * unit);
      const reasons = async () => (await runs()).map(({ reason }) => reason);
      await until('both to expire', async () => String(await reasons()) === 'expired,expired');
    });

    itAtTick('remembers the tasks of its last runs', async ({ engine, once }) => {
      await engine.scheduling.save({ ...SCHEDULE, expression: once(1_000) });
      expect((await engine.scheduling.all())[0]!.lastTaskIds).toEqual([]);
      const ids: string[] = [];
      for (let run = 0; run < 7; run += 1) ids.unshift((await engine.scheduling.trigger('nightly'))!.id);
      const { lastTaskIds } = (await engine.scheduling.all())[0]!;
      expect(lastTaskIds).toEqual(ids.slice(0, 5));
      await engine.acting.act('delete', { ids: [ids[1]!] });
      await engine.acting.act('cancel', { ids: [ids[2]!] });
      const summaries = await engine.inspecting.summaries([...lastTaskIds, 'nobody']);
      expect(summaries.map(({ id, state }) => [id, state])).toEqual([
        [ids[0], 'available'],
        [ids[2], 'cancelled'],
        [ids[3], 'available'],
        [ids[4], 'available'],
      ]);
    });

    itAtTick('remembers every run that processes trigger at once', async ({ engine, open, once }) => {
      const other = await open();
      await engine.scheduling.save({ ...SCHEDULE, expression: once(1_000) });
      const both = [engine, other, engine, other, other];
      const triggered = await Promise.all(both.map((process) => process.scheduling.trigger('nightly')));
      const ids = triggered.map((run) => run!.id);
      const { lastTaskId, lastTaskIds } = (await engine.scheduling.all())[0]!;
      expect(lastTaskIds).toHaveLength(5);
      expect(new Set(lastTaskIds)).toEqual(new Set(ids));
      expect(lastTaskIds[0]).toBe(lastTaskId);
    });

    for (const how of ['is set back', 'belongs to a process that ends, when the next begins'] as const) {
      itAtTick(
        `goes on with the ticks that a clock which was ahead has passed over, each once, when it ${how}`,
        async ({ engine, clock, unit, start, open, advanceTo, until, ticks, isInjected }) => {
          // A clock of the system cannot be set here.
          if (!isInjected) return;
          const ahead = new ManualClock(start + 10.5 * unit);
          const other = await open({ clock: ahead });
          await engine.scheduling.save(SCHEDULE);
          await other.scheduling.save(SCHEDULE);
          await until('the tick that comes too soon', async () => (await ticks()).length === 1);
          expect(await ticks()).toEqual([10]);
          if (how === 'is set back') ahead.set(clock.now());
          else {
            await other.close();
            await (await open()).scheduling.save(SCHEDULE);
          }
          const nextIs = (tick: number) =>
            until(
              `tick ${tick} to be the next`,
              async () => (await engine.scheduling.all())[0]!.nextRunAt === start + tick * unit,
            );
          await nextIs(1);
          for (let tick = 1; tick <= 12; tick += 1) {
            await advanceTo(start + tick * unit);
            // The tenth has been run.
            await nextIs(tick === 9 ? 11 : tick + 1);
          }
          expect(await ticks()).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        },
      );
    }

    itAtTick('leaves out a tick while any run is not over', async ({ engine, unit, start, advanceTo, until, runs }) => {
      await engine.scheduling.save({ ...SCHEDULE, overlap: false });
      const trigger = async () => (await engine.scheduling.trigger('nightly'))!.id;
      const [first, second] = [await trigger(), await trigger()];
      await engine.acting.act('cancel', { ids: [second] });
      // When the second tick is under way, the first has been dealt with.
      await advanceTo(start + 2 * unit);
      const isUnderWay = async () => (await engine.scheduling.all())[0]!.nextRunAt! >= start + 3 * unit;
      await until('the second tick to be under way', isUnderWay);
      expect(new Set((await runs()).map(({ id }) => id))).toEqual(new Set([first, second]));
    });

    itAtTick('is gone when removed', async ({ engine }) => {
      await engine.scheduling.save(SCHEDULE);
      expect(await engine.scheduling.remove('nightly')).toBe(true);
      expect(await engine.scheduling.remove('nightly')).toBe(false);
      expect(await engine.scheduling.all()).toEqual([]);
    });
  });
}
