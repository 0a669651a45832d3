import type { ScheduleStatus } from '../../../lib/contract/index.js';
import {
  dueTicks,
  haveSameTicks,
  NO_TICKS,
  openTicks,
  recordOf,
  taskOfRun,
  tickBefore,
  withLastRuns,
} from '../../../lib/engine/common/index.js';
import type { Scheduling } from '../../../lib/engine/port/index.js';
import type { Process, Row, Writable } from './memory-store.js';

export function memoryScheduling(process: Process): Scheduling {
  const { nextRun, clock } = process.context;
  const found = (name: string) => process.store.schedules.get(name);
  const put = (status: Writable<ScheduleStatus>): void => {
    process.store.schedules.set(status.name, status);
    process.store.changed(status.queue);
  };
  return {
    async save(schedule) {
      const before = found(schedule.name);
      const goesOn = before && haveSameTicks(before, schedule);
      const nextRunAt = goesOn ? before.nextRunAt : nextRun(schedule, clock.now());
      if (!goesOn) process.store.ticks.delete(schedule.name);
      put({ paused: false, lastRunAt: null, lastTaskId: null, lastTaskIds: [], ...before, ...schedule, nextRunAt });
      const last = process.store.rows.get(before?.lastTaskId ?? '');
      if (last && schedule.source === 'code') last.isExcused = true;
      replan(process, schedule.name);
    },
    async remove(name) {
      process.store.ticks.delete(name);
      return process.store.schedules.delete(name);
    },
    async all() {
      const byName = [...process.store.schedules.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
      return byName.map((status) => ({ ...status }));
    },
    async setPaused(name, paused) {
      const status = found(name);
      // Ticks that fell into the pause are not made up for.
      if (status)
        put({ ...status, paused, nextRunAt: openTicks(ticksOf(process, name), nextRun)(status, clock.now()) });
      return status !== undefined;
    },
    async trigger(name, own) {
      const status = found(name);
      return status ? enqueueRun(process, status, clock.now(), own) : null;
    },
  };
}

/** Whether a run failed as nobody knew its task, and no code that declares its schedule has come since. */
function isUnknown(row: Row | undefined): boolean {
  return (
    row?.task.state === 'failed' && row.task.attempts.at(-1)?.error?.name === 'UnknownTaskNameError' && !row.isExcused
  );
}

function ticksOf({ store }: Process, name: string) {
  return store.ticks.get(name) ?? NO_TICKS;
}

/** A tick that was planned by a clock which was ahead is not waited for. */
export function replan(process: Process, name: string): void {
  const status = process.store.schedules.get(name)!;
  const planned = { ...status, record: ticksOf(process, name) };
  const earlier = tickBefore(planned, process.context.clock.now(), process.context.nextRun);
  if (earlier === null) return;
  status.nextRunAt = earlier;
  process.store.changed(status.queue);
}

/** Enqueues the runs that are due; returns when there will be more. */
export function tick(process: Process, now: number): number {
  const ticking = [...process.store.schedules.values()].filter(({ paused, disabled }) => !paused && !disabled);
  for (const status of ticking) {
    while (status.nextRunAt !== null && status.nextRunAt <= now) {
      const { nextRun } = process.context;
      const record = ticksOf(process, status.name);
      const due = dueTicks(status, status.nextRunAt, now, openTicks(record, nextRun));
      const open = [...process.store.rows.values()].filter(({ task }) => task.finishedAt === null);
      const isHeld = ({ task }: Row) => !status.overlap || (task.id === status.lastTaskId && task.unhandledSince);
      const unknown = status.source === 'code' && isUnknown(process.store.rows.get(status.lastTaskId ?? ''));
      const holding = open.filter((row) => row.task.name === status.task && isHeld(row));
      if (holding.length === 0 && !unknown) for (const time of due.runs) enqueueRun(process, status, time);
      process.store.ticks.set(status.name, recordOf(status, record, status.nextRunAt, due, nextRun));
      status.nextRunAt = due.next;
    }
  }
  return Math.min(...ticking.map(({ nextRunAt }) => nextRunAt ?? Infinity));
}

function enqueueRun({ store, context }: Process, status: Writable<ScheduleStatus>, time: number, own?: string) {
  const id = own ?? context.newId();
  const run = taskOfRun(status, id, time, context.clock.now(), own !== undefined);
  const answer = store.insert(run, context.clock.now());
  const lastTaskIds = withLastRuns(status.lastTaskIds, [id]);
  if (answer === 'stored') Object.assign(status, { lastRunAt: time, lastTaskId: id, lastTaskIds });
  return { id: typeof answer === 'object' ? answer.holder : id, enqueued: answer === 'stored' };
}
