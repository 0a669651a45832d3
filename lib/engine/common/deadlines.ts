import { clearTimeout, setTimeout } from '../../clock/index.js';
import { type RateLimit, StoreError, type TaskChange, TasksError, messageOf } from '../../contract/index.js';
import {
  CLOSING_GRACE_MS,
  type Acting,
  type Auditing,
  type Consumer,
  type Delivering,
  type Enqueueing,
  type Inspecting,
  type Scheduling,
  type Sharing,
  type Stepping,
  type TaskEngine,
  type Workflows,
} from '../port/index.js';

/** How long a caller waits for a server's answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** The same at boot, when tables may have to be brought up to date. */
const OPEN_MS = 60_000;
/** A bulk is given so much longer for each of its tasks. */
const PER_TASK_MS = 1;

/** Calls `ring` after so many milliseconds, unless what it returned is called before. */
export type Alarm = (milliseconds: number, ring: () => void) => () => void;

const systemAlarm: Alarm = (milliseconds, ring) => {
  const timer = setTimeout(ring, milliseconds);
  return () => clearTimeout(timer);
};

/**
 * An engine whose store is a server: each facet's answers come within the facet's deadline, and what fails fails with a
 * `StoreError`. A request that was given up may have been carried out all the same; that nobody knows is what the error
 * says.
 */
export function withDeadlines(engine: TaskEngine, alarm: Alarm = systemAlarm): TaskEngine {
  const describe = (fault: unknown) => engine.describeFault?.(fault) ?? (fault === undefined ? null : messageOf(fault));
  const ask = askers(describe, alarm);
  const { enqueueing, delivering, inspecting, acting, scheduling, auditing, sharing, stepping, workflows } = engine;
  return {
    kind: engine.kind,
    capabilities: engine.capabilities,
    enqueueing: enqueueingInTime(enqueueing, ask),
    delivering: deliveringInTime(delivering, ask),
    inspecting: inspectingInTime(inspecting, ask),
    acting: actingInTime(acting, ask),
    scheduling: schedulingInTime(scheduling, ask),
    auditing: auditingInTime(auditing, ask),
    sharing: sharingInTime(sharing, ask),
    ...(stepping && { stepping: steppingInTime(stepping, ask) }),
    watching: engine.watching,
    ...(workflows && { workflows: workflowsInTime(workflows, ask) }),
    ...(engine.describeFault && { describeFault: (fault: unknown) => engine.describeFault!(fault) }),
    open: () => ask.told('The task store cannot be opened', engine.open(), OPEN_MS),
    close: () => ask.told('The task store could not be left in order', engine.close(), ANSWER_MS),
  };
}

function enqueueingInTime(facet: Enqueueing, { asked, told }: Askers): Enqueueing {
  return {
    enqueue: (tasks, within) =>
      told('Tasks could not be stored', facet.enqueue(tasks, within), ANSWER_MS + PER_TASK_MS * tasks.length),
    existing: (tasks, within) => asked(facet.existing(tasks, within)),
    noteSensitive: (paths) => asked(facet.noteSensitive(paths)),
  };
}

function deliveringInTime(facet: Delivering, { asked, told }: Askers): Delivering {
  const bounded = (consumer: Consumer): Consumer => ({
    close: (grace) =>
      told('The task store could not be left in order', consumer.close(grace), grace + CLOSING_GRACE_MS + ANSWER_MS),
  });
  return {
    consume: async (queue, options, run) =>
      bounded(await told('Workers could not be started', facet.consume(queue, options, run), ANSWER_MS)),
    ...(facet.isHeldBack && {
      isHeldBack: (queue: string, limit: RateLimit | null) => asked(facet.isHeldBack!(queue, limit)),
    }),
  };
}

function inspectingInTime(facet: Inspecting, { asked }: Askers): Inspecting {
  return {
    get: (id) => asked(facet.get(id)),
    summaries: (ids) => asked(facet.summaries(ids)),
    awaited: (ids) => asked(facet.awaited(ids)),
    list: (filter, page) => asked(facet.list(filter, page)),
    errorGroups: (query) => asked(facet.errorGroups(query)),
    queues: () => asked(facet.queues()),
    workers: () => asked(facet.workers()),
    condition: () => asked(facet.condition()),
    workersAtWork: () => asked(facet.workersAtWork()),
    metrics: (query) => asked(facet.metrics(query)),
  };
}

function actingInTime(facet: Acting, { asked, told }: Askers): Acting {
  return {
    // An action walks through a whole store: it asks many times, and each time is limited by the connection.
    act: (action, target) => told(NOT_ASKED, facet.act(action, target), null),
    ...(facet.update && { update: (id: string, change: TaskChange) => asked(facet.update!(id, change)) }),
    pauseQueue: (queue) => asked(facet.pauseQueue(queue)),
    resumeQueue: (queue) => asked(facet.resumeQueue(queue)),
  };
}

function schedulingInTime(facet: Scheduling, { asked }: Askers): Scheduling {
  return {
    save: (schedule) => asked(facet.save(schedule)),
    remove: (name) => asked(facet.remove(name)),
    all: () => asked(facet.all()),
    setPaused: (name, paused) => asked(facet.setPaused(name, paused)),
    trigger: (name, id) => asked(facet.trigger(name, id)),
  };
}

function auditingInTime(facet: Auditing, { asked }: Askers): Auditing {
  return { note: (entry) => asked(facet.note(entry)), page: (page) => asked(facet.page(page)) };
}

function sharingInTime(facet: Sharing, { asked }: Askers): Sharing {
  return { secret: (name, proposed) => asked(facet.secret(name, proposed)) };
}

function steppingInTime(facet: Stepping, { asked, told }: Askers): Stepping {
  return {
    ...(facet.bounds && { bounds: facet.bounds }),
    read: (lease, after) => asked(facet.read(lease, after)),
    record: (lease, step) => asked(facet.record(lease, step)),
    // What the app does in its transaction takes as long as it takes.
    transact: (lease, place, run) => told(NOT_ASKED, facet.transact(lease, place, run), null),
    take: (lease, wait) => asked(facet.take(lease, wait)),
    signal: (id, signal) => asked(facet.signal(id, signal)),
    retryFrom: (id, step) => asked(facet.retryFrom(id, step)),
    list: (id) => asked(facet.list(id)),
  };
}

function workflowsInTime(facet: Workflows, { asked, told }: Askers): Workflows {
  return {
    start: (workflow, within) => {
      const tasks = workflow.nodes.reduce((sum, node) => sum + node.tasks.length, 0);
      return told('The workflow could not be stored', facet.start(workflow, within), ANSWER_MS + PER_TASK_MS * tasks);
    },
    add: (lease, task) => asked(facet.add(lease, task)),
    progress: (id) => asked(facet.progress(id)),
    get: (id) => asked(facet.get(id)),
    list: (query) => asked(facet.list(query)),
    results: (id, name, after) => asked(facet.results(id, name, after)),
    end: (id) => asked(facet.end(id)),
    // Each of its tasks is gone through.
    cancel: (id) => told(NOT_ASKED, facet.cancel(id), null),
    retry: (id, from) => told(NOT_ASKED, facet.retry(id, from), null),
  };
}

const NOT_ASKED = 'The task store could not be asked';

/** The clock that tells a caller of a fault in time. */
interface Askers {
  asked<T>(answer: Promise<T>): Promise<T>;
  /** @param deadline in milliseconds; null: none */
  told<T>(what: string, answer: Promise<T>, deadline: number | null): Promise<T>;
}

/** @param describe what to tell of a fault; of `undefined`, where an answer is missing from; null where that is unknown */
function askers(describe: (fault: unknown) => string | null, alarm: Alarm): Askers {
  const told: Askers['told'] = async (what, answer, deadline) => {
    try {
      return await (deadline === null ? answer : inTime(answer, deadline, alarm));
    } catch (error) {
      if (error instanceof TasksError) throw error;
      if (!(error instanceof Late)) throw new StoreError(`${what}: ${describe(error)}`, { cause: error });
      const whose = describe(undefined);
      throw new StoreError(
        `${what}: ${whose === null ? '' : `${whose}: `}${error.message}. It may have been done or not.`,
      );
    }
  };
  return { told, asked: (answer) => told(NOT_ASKED, answer, ANSWER_MS) };
}

class Late extends Error {}

function inTime<T>(answer: Promise<T>, deadline: number, alarm: Alarm): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = alarm(deadline, () => reject(new Late(`no answer within ${deadline / 1_000} s`)));
    answer.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
