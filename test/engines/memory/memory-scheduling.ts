import * as common from '../../../lib/engine/common/index.js';
import type { Scheduling } from '../../../lib/engine/port/index.js';
import type { Planned, Process } from './memory-store.js';

export function memoryScheduling(process: Process): Scheduling {
  const { nextRun, clock } = process.context;
  const found = (name: string) => process.store.schedules.get(name);
  return {
    async save(schedule) {
      const before = found(schedule.name);
      const goesOn = before && common.haveSameTicks(before, schedule);
      const { nextRunAt, record } = goesOn
        ? before
        : { nextRunAt: nextRun(schedule, clock.now()), record: common.NO_TICKS };
      const none = { paused: false, lastRunAt: null, lastTaskId: null, lastTaskIds: [] };
      plan(process, { ...none, ...before, ...schedule, nextRunAt, record });
      const last = process.store.rows.get(before?.lastTaskId ?? '');
      // Code that knows the task of its last run is there.
      if (last?.task.state === 'failed' && schedule.source === 'code') last.leftSince = null;
    },
    remove: async (name) => process.store.schedules.delete(name),
    async all() {
      const byName = [...process.store.schedules.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
      return byName.map(({ record: _, ...status }) => status);
    },
    async setPaused(name, paused) {
      const planned = found(name);
      if (!planned) return false;
      // Ticks that fell into the pause are not made up for.
      const nextRunAt = common.openTicks(planned.record, nextRun)(planned, clock.now());
      plan(process, { ...planned, paused, nextRunAt });
      return true;
    },
    async trigger(name, own) {
      const planned = found(name);
      return planned ? enqueueRun(process, planned, clock.now(), own) : null;
    },
  };
}

/** Stores a schedule. A tick that was planned by a clock which was ahead is not waited for. */
export function plan({ store, context }: Process, planned: Planned): void {
  const earlier = common.tickBefore(planned, context.clock.now(), context.nextRun);
  store.schedules.set(planned.name, { ...planned, nextRunAt: earlier ?? planned.nextRunAt });
  store.changed(planned.queue);
}

/** Enqueues the runs that are due; returns when there will be more. */
export function tick(process: Process, now: number): number {
  const ticking = [...process.store.schedules.values()].filter(({ paused, disabled }) => !paused && !disabled);
  for (const planned of ticking) {
    while (planned.nextRunAt !== null && planned.nextRunAt <= now) {
      const due = common.takenTicks(planned, planned.record, planned.nextRunAt, now, process.context.nextRun);
      if (!isHeld(process, planned)) for (const time of due.runs) enqueueRun(process, planned, time);
      Object.assign(planned, { nextRunAt: due.next, record: due.record });
    }
  }
  return Math.min(...ticking.map(({ nextRunAt }) => nextRunAt ?? Infinity));
}

/** Whether a run keeps others from coming: one that is not over, or the last where nobody has known its task. */
function isHeld({ store }: Process, { overlap, task: name, lastTaskId, source }: Planned): boolean {
  const last = store.rows.get(lastTaskId ?? '');
  const isOver = last && last.task.finishedAt !== null && (last.task.state !== 'failed' || source !== 'code');
  const open = [...store.rows.values()].filter(({ task }) => task.name === name && task.finishedAt === null);
  return (last && last.leftSince !== null && !isOver) || (!overlap && open.length > 0);
}

function enqueueRun({ store, context }: Process, planned: Planned, time: number, own?: string) {
  const id = own ?? context.newId();
  const now = context.clock.now();
  const enqueued = store.insert(common.taskOfRun(planned, id, time, now, own !== undefined), now) === 'stored';
  const lastTaskIds = common.withLastRuns(planned.lastTaskIds, [id]);
  if (enqueued) Object.assign(planned, { lastRunAt: time, lastTaskId: id, lastTaskIds });
  return { id, enqueued };
}
