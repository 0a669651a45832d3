import { hostname } from 'node:os';
import { pid } from 'node:process';
import * as contract from '../../../lib/contract/index.js';
import * as common from '../../../lib/engine/common/index.js';
import type { Acting, Inspecting } from '../../../lib/engine/port/index.js';
import type { Process, Row } from './memory-store.js';

/** What people ask of tasks. */
export function memoryInspecting(process: Process): Inspecting {
  const tasks = () => [...process.store.rows.values()].map(({ task }) => task);
  const stored = (ids: readonly string[]) => ids.flatMap((id) => process.store.rows.get(id) ?? []);
  const workers = () => {
    const atWork = [...process.store.processes].filter(({ consumers }) => consumers.size > 0);
    return atWork.map(({ id, consumers }) => {
      const queues = Object.fromEntries([...consumers].map(({ queue, options }) => [queue, options.concurrency]));
      return { id, host: hostname(), pid, startedAt: Math.round(performance.timeOrigin), queues };
    });
  };
  return {
    async get(id) {
      const row = process.store.rows.get(id);
      const children = tasks().filter(({ parentId }) => parentId === id);
      const listed = children.slice(0, contract.MAX_CHILDREN_LISTED).map(childOf);
      return row ? { ...readable(process, row), children: listed } : null;
    },
    summaries: async (ids) => stored(ids).map((row) => summaryOf(process, row)),
    async awaited(ids) {
      const standing = stored(ids).map((row) => ({ ...summaryOf(process, row), result: row.result?.json ?? null }));
      return { tasks: standing, looked: ids.length };
    },
    async list(filter, page) {
      const { items, nextCursor } = pageOf('tasks', matching(process, filter), page);
      return { items: items.map((row) => summaryOf(process, row)), looked: process.store.rows.size, nextCursor };
    },
    async errorGroups(query) {
      const groups = new common.ErrorGroups(process.context.clock.now());
      for (const row of matching(process, { ...query, state: 'failed' }).reverse())
        groups.add(common.occurrenceOf(summaryOf(process, row)));
      return groups.report(true);
    },
    async queues() {
      const names = new Set([...process.store.paused, ...tasks().map(({ queue }) => queue)]);
      return [...names].toSorted().map((queue) => {
        const own = tasks().filter((task) => task.queue === queue);
        const counts = contract.noTasks();
        for (const { state } of own) counts[state] += 1;
        const due = own.filter(({ state }) => state === 'available').toSorted((one, other) => one.runAt - other.runAt);
        return { queue, counts, paused: process.store.paused.has(queue), oldestAvailableAt: due[0]?.runAt ?? null };
      });
    },
    workers: async () => workers(),
    async condition() {
      const left = [...process.store.rows.values()].filter((row) => row.leftSince !== null && !row.task.finishedAt);
      const kinds = left.map(({ task: { queue, name }, leftSince }) => ({ queue, name, since: leftSince!, tasks: 1 }));
      return { logBytes: null, unhandled: kinds };
    },
    async workersAtWork() {
      const running = tasks().filter(({ state }) => state === 'running');
      return workers().map((worker) => {
        const own = running.filter(({ attempts }) => attempts.at(-1)!.worker === worker.id);
        const listed = own.slice(0, contract.MAX_RUNNING_LISTED).map(runningOf);
        return { ...worker, running: listed, self: worker.id === process.id };
      });
    },
    async metrics({ queue, from, to }) {
      const points = [...process.store.points.values()];
      return points.filter((point) => (queue ?? point.queue) === point.queue && point.at >= from && point.at <= to);
    },
  };
}

function childOf({ id, name, queue, state, tags }: contract.ChildTask): contract.ChildTask {
  return { id, name, queue, state, ...(tags && { tags }) };
}

function runningOf({ id, queue, name, attempt, startedAt, tags }: contract.TaskSummary): contract.RunningTask {
  return { id, queue, name, attempt, startedAt: startedAt!, ...(tags && { tags }) };
}

/** What people do to tasks. */
export function memoryActing(process: Process): Acting {
  return {
    async act(action, target) {
      const ids = 'ids' in target ? target.ids : matching(process, target.filter).map(({ task }) => task.id);
      const refused = ids.flatMap((id) => {
        const row = process.store.rows.get(id);
        const isAllowed = row !== undefined && contract.ACTION_STATES[action].includes(row.task.state);
        if (isAllowed) actOn(process, action, row);
        return isAllowed ? [] : { id, state: row?.task.state ?? null };
      });
      const listed = 'ids' in target ? refused.slice(0, contract.MAX_REFUSED_LISTED) : [];
      return { changed: ids.length - refused.length, refused: listed };
    },
    async pauseQueue(queue) {
      process.store.paused.add(queue);
      process.store.changed(queue);
    },
    async resumeQueue(queue) {
      process.store.paused.delete(queue);
      process.store.changed(queue);
    },
  };
}

function actOn({ store, context }: Process, action: contract.TaskAction, row: Row): void {
  const { task, heldBy } = row;
  const now = context.clock.now();
  if (action === 'delete') return store.move(row, null);
  if (action === 'cancel') {
    if (!heldBy) return store.end(row, 'cancelled', context.keepFor(task.queue, 'cancelled'), now);
    row.cancelRequested = true;
    return common.abort(heldBy, 'cancelled', `Task "${task.id}" was cancelled.`);
  }
  // All retries are granted anew to what had ended.
  if (task.finishedAt !== null) Object.assign(row, { excused: task.attempt, expiresAt: Infinity, leftSince: null });
  Object.assign(task, { runAt: now, finishedAt: null });
  store.move(row, 'available');
}

/** The tasks that meet `filter`, in the order of enqueueing. */
function matching(process: Process, filter: contract.TaskFilter): Row[] {
  const rows = [...process.store.rows.values()].filter(({ task }) => common.meetsFacts(filter, task));
  return rows.filter((row) => common.meetsText(filter, summaryOf(process, row)));
}

/** One page of what is numbered in order. */
export function pageOf<T extends { seq: number }>(kind: string, all: readonly T[], page: contract.PageRequest) {
  const sign = page.order === 'oldest' ? 1 : -1;
  const after = page.cursor === undefined ? -Infinity : sign * Number(common.placeOf(kind, page.cursor, /^\d{1,15}$/));
  const left = all.filter(({ seq }) => sign * seq > after).toSorted((one, other) => sign * (one.seq - other.seq));
  return common.pageOf(kind, left, page.limit, ({ seq }) => seq);
}

function summaryOf(process: Process, row: Row): contract.TaskSummary {
  const { attempts: _, logs: __, parentId: ___, children: ____, result: _____, ...summary } = readable(process, row);
  return summary;
}

/** A copy, as whoever asks may see it. */
function readable({ store, context }: Process, row: Row): contract.Task {
  const { task, given, excused, result, leftSince } = row;
  const maxAttempts = task.maxAttempts === null ? null : task.maxAttempts + excused;
  const error = task.attempts.findLast((attempt) => attempt.error)?.error ?? null;
  const sensitive = [...given.sensitive, ...(store.sensitive.get(task.name) ?? [])];
  const params = common.readableParams(given.params, sensitive, context.mask);
  const kept = result && { result: common.readableParams(result.json, result.sensitive, context.mask).params };
  const left = leftSince !== null && !task.finishedAt && { unhandledSince: leftSince };
  const own = { attempts: [...task.attempts], logs: [...task.logs] };
  return { ...task, ...left, maxAttempts, error, ...params, ...kept, ...own };
}
