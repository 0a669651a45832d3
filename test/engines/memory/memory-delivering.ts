import type * as contract from '../../../lib/contract/index.js';
import * as common from '../../../lib/engine/common/index.js';
import type * as port from '../../../lib/engine/port/index.js';
import type { Process, Row } from './memory-store.js';

type Held = common.Abortable & port.Delivery & { readonly row: Row };

export function memoryDelivering(process: Process): port.Delivering {
  return {
    async consume(queue, options, run) {
      const running = new common.InHand<Held>();
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
          while (hasRoom()) {
            const row = process.store.next(queue);
            const startsAt = row ? process.store.mayStartAt(queue, options.rateLimit, now) : Infinity;
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

function start({ id, context, store }: Process, row: Row, now: number): Held {
  const { task } = row;
  const attempt = task.attempt + 1;
  Object.assign(task, { attempt, startedAt: now, progress: null });
  task.attempts.push({ attempt, worker: id, startedAt: now, finishedAt: null, outcome: null });
  store.starts.get(task.queue)!.push(now);
  const report = (change: () => void): void => {
    if (row.heldBy === held) change();
    store.changed(task.queue);
  };
  const held: Held = {
    row,
    aborted: null,
    onAbort: null,
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
  const since = row.leftSince ?? now;
  const unless = row.cancelRequested ? common.ofCancelled(given, context.keepFor(task.queue, 'cancelled')) : given;
  const outcome = unless.kind === 'declined' ? (common.ofUnhandled(unless, since, now) ?? unless) : unless;
  const attempt = task.attempts.pop()!;
  Object.assign(row, { heldBy: null, leftSince: given.kind === 'declined' ? since : null });
  task.maxAttempts = outcome.maxAttempts;
  if (outcome.kind === 'declined') {
    store.starts.get(task.queue)!.pop();
    Object.assign(task, { attempt: task.attempt - 1, startedAt: null, runAt: now + common.holdOff(now - since) });
    return store.move(row, 'scheduled');
  }
  const error = 'error' in outcome && outcome.error ? { error: outcome.error } : {};
  task.attempts.push({ ...attempt, finishedAt: now, outcome: common.recordedAs(outcome), ...error });
  switch (outcome.kind) {
    case 'suspended':
      throw new Error('It keeps no durable steps');
    case 'released':
      row.excused += 1;
      return store.move(row, 'available');
    case 'retry':
      row.excused += outcome.countsAttempt ? 0 : 1;
      task.runAt = outcome.at;
      if (outcome.closes) store.closed.set(task.queue, outcome.at);
      return store.move(row, outcome.at > now ? 'retryable' : 'available');
    default:
      if (outcome.kind === 'completed') for (const next of outcome.followUps ?? []) store.insert(next, now);
      if ('result' in outcome && outcome.result)
        row.result = { ...outcome.result, until: now + (outcome.result.keepFor ?? Infinity) };
      store.end(row, outcome.kind, outcome.keepFor, now);
      store.keepAtMost(row, context.keepAtMost?.(task.queue, outcome.kind) ?? Infinity);
  }
}
