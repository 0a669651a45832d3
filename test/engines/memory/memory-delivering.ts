import type * as contract from '../../../lib/contract/index.js';
import { type Abortable, holdOff, InHand, ofCancelled, ofUnhandled } from '../../../lib/engine/common/index.js';
import type * as port from '../../../lib/engine/port/index.js';
import type { MemoryStore, Process, Row } from './memory-store.js';

type Held = Abortable & port.Delivery & { readonly row: Row };

export function memoryDelivering(process: Process): port.Delivering {
  return {
    async consume(queue, options, run) {
      const running = new InHand<Held>();
      let isClosing = false;
      const end = (held: Held, outcome: port.Outcome): void => {
        if (held.row.heldBy === held) keep(process, held.row, outcome);
        running.delete(held);
      };
      const hasRoom = () => !isClosing && !process.store.paused.has(queue) && running.size < options.concurrency;
      const consumer = {
        queue,
        options,
        fill(now: number): number {
          const { store } = process;
          while (hasRoom()) {
            const row = store.next(queue);
            const startsAt = row ? countStart(store, queue, options.rateLimit, now) : Infinity;
            if (startsAt > now) return startsAt;
            const held = start(process, row!, now);
            running.add(held);
            void run(held).then((outcome) => end(held, outcome));
          }
          return Infinity;
        },
      };
      process.consumers.add(consumer);
      process.store.changed(queue);
      return {
        async close(grace) {
          isClosing = true;
          for (const held of await running.drain(grace))
            end(held, { kind: 'released', maxAttempts: held.task.maxAttempts });
          process.consumers.delete(consumer);
        },
      };
    },
  };
}

/** Counts a start, or returns when the rate limit has room for it. What is noted for later was by now, as the clock was set back. */
function countStart(
  { starts, closed }: MemoryStore,
  queue: string,
  limit: contract.RateLimit | null,
  now: number,
): number {
  const closedUntil = closed.get(queue) ?? 0;
  if (closedUntil > now) return closedUntil;
  if (limit === null) return now;
  const counted = (starts.get(queue) ?? []).map((at) => Math.min(at, now)).filter((at) => at > now - limit.per);
  starts.set(queue, counted);
  if (counted.length >= limit.max) return Math.min(...counted) + limit.per;
  counted.push(now);
  return now;
}

function start({ id, context, store }: Process, row: Row, now: number): Held {
  const { task } = row;
  const attempt = task.attempt + 1;
  Object.assign(task, { attempt, startedAt: now, progress: null });
  task.attempts.push({ attempt, worker: id, startedAt: now, finishedAt: null, outcome: null });
  const report = (change: () => void): void => {
    if (row.heldBy === held) change();
    store.changed(task.queue);
  };
  const begun = { row, aborted: null, onAbort: null };
  const held: Held = {
    ...begun,
    task: { ...row.given, runAt: task.runAt, maxAttempts: task.maxAttempts, attempt, excusedAttempts: row.excused },
    progress: (progress: contract.TaskProgress) => report(() => (task.progress = progress)),
    log: (message: string) => report(() => task.logs.push({ at: context.clock.now(), attempt, message })),
  };
  Object.assign(row, { heldBy: held, cancelRequested: false });
  store.move(row, 'running');
  return held;
}

/** Stores how an attempt ended. */
function keep({ store, context }: Process, row: Row, given: port.Outcome): void {
  const { task } = row;
  const now = context.clock.now();
  const since = task.unhandledSince ?? now;
  const unless = row.cancelRequested ? ofCancelled(given, context.keepFor(task.queue, 'cancelled')) : given;
  const outcome = unless.kind === 'declined' ? (ofUnhandled(unless, since, now) ?? unless) : unless;
  const attempt = task.attempts.pop()!;
  const record = (as: contract.AttemptOutcome, error?: contract.TaskError): void => {
    task.attempts.push({ ...attempt, finishedAt: now, outcome: as, ...(error && { error }) });
  };
  row.heldBy = null;
  task.maxAttempts = outcome.maxAttempts;
  switch (outcome.kind) {
    case 'declined':
      store.starts.get(task.queue)?.pop();
      Object.assign(task, { attempt: task.attempt - 1, startedAt: null, unhandledSince: since });
      task.runAt = now + holdOff(now - since);
      return store.move(row, 'scheduled');
    case 'suspended':
      throw new Error('It keeps no durable steps');
    case 'released':
      row.excused += 1;
      record('released');
      return store.move(row, 'available');
    case 'retry':
      row.excused += outcome.countsAttempt ? 0 : 1;
      record(outcome.countsAttempt ? 'retried' : 'snoozed', outcome.error);
      delete task.unhandledSince;
      task.runAt = outcome.at;
      if (outcome.closes) store.closed.set(task.queue, outcome.at);
      return store.move(row, outcome.at > now ? 'retryable' : 'available');
    default:
      if (outcome.kind === 'completed') for (const next of outcome.followUps ?? []) store.insert(next, now);
      if ('result' in outcome && outcome.result)
        row.result = { ...outcome.result, until: now + (outcome.result.keepFor ?? Infinity) };
      record(outcome.kind, 'error' in outcome ? outcome.error : undefined);
      store.end(row, outcome.kind, outcome.keepFor, now);
      store.keepAtMost(row, context.keepAtMost?.(task.queue, outcome.kind) ?? Infinity);
  }
}
