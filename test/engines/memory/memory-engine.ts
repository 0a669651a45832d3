import { watchForSetBack, whenItIs, type CancelTimer } from '../../../lib/clock/index.js';
import { ForeignManagerError, MAX_AUDIT_ENTRIES, StoreError } from '../../../lib/contract/index.js';
import { type EngineContext, NO_CAPABILITIES, type TaskEngine } from '../../../lib/engine/port/index.js';
import { memoryDelivering } from './memory-delivering.js';
import { memoryScheduling, plan, tick } from './memory-scheduling.js';
import type { MemoryStore, Process } from './memory-store.js';
import { memoryActing, memoryInspecting, pageOf } from './memory-tasks.js';

/** What the port asks for, and no more: tasks in memory, which engines share as if each were a process. */
export function memoryEngine(data: MemoryStore, context: EngineContext): TaskEngine {
  const process: Process = {
    id: context.newId(),
    context,
    consumers: new Set(),
    get store() {
      if (data.processes.has(process)) return data;
      throw new StoreError('The task store cannot be used: it is not open');
    },
  };
  let cancelTimer: CancelTimer = () => undefined;
  let stopWatch: CancelTimer = () => undefined;
  /** Promotes, prunes, ticks and runs, whenever anything has changed or comes due. */
  const work = (): void => {
    const now = context.clock.now();
    const byRank = [...process.consumers].toSorted((one, other) => other.options.priority - one.options.priority);
    const next = Math.min(data.promote(now), tick(process, now), ...byRank.map((consumer) => consumer.fill(now)));
    cancelTimer();
    if (next < Infinity) cancelTimer = whenItIs(context.clock, next, work);
  };
  return {
    kind: 'memory',
    capabilities: {
      ...NO_CAPABILITIES,
      clock: 'injected',
      queueRank: true,
      listOrder: 'created',
      retentionPerTask: true,
      uniqueIds: 'store',
      queueOrder: 'created',
      keepsCancelledAttempts: true,
      storesWithCompletion: true,
    },
    enqueueing: {
      async enqueue(tasks, within) {
        if (within) throw new ForeignManagerError('The tasks are kept in memory, and in no database.');
        return tasks.map((task) => process.store.insert(task, context.clock.now()));
      },
      existing: (tasks) => Promise.all(tasks.map(({ id }) => memoryInspecting(process).get(id))),
      async noteSensitive(paths) {
        for (const [name, hidden] of paths) process.store.sensitive.set(name, hidden);
      },
    },
    delivering: memoryDelivering(process),
    inspecting: memoryInspecting(process),
    acting: memoryActing(process),
    scheduling: memoryScheduling(process),
    auditing: {
      async note(entry) {
        const { store } = process;
        store.audit.push({ seq: (store.last += 1), entry });
        if (store.audit.length > MAX_AUDIT_ENTRIES) store.audit.shift();
      },
      async page(request) {
        const { items, nextCursor } = pageOf('audit', process.store.audit, request);
        return { items: items.map(({ entry }) => entry), nextCursor };
      },
    },
    sharing: {
      async secret(name, proposed) {
        if (!process.store.secrets.has(name)) process.store.secrets.set(name, proposed);
        return process.store.secrets.get(name)!;
      },
    },
    watching: {
      watch(listener) {
        process.store.listeners.add(listener);
        return () => data.listeners.delete(listener);
      },
    },
    async open() {
      data.processes.add(process);
      data.listeners.add(work);
      stopWatch = watchForSetBack(context.clock, () => {
        for (const planned of data.schedules.values()) plan(process, planned);
        work();
      });
      work();
    },
    async close() {
      data.processes.delete(process);
      data.listeners.delete(work);
      cancelTimer();
      stopWatch();
    },
  };
}
