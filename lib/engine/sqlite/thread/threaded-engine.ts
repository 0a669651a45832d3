import type { EntityManager } from 'typeorm';
import type { Task } from '../../../contract/index.js';
import type {
  Acting,
  Auditing,
  EngineContext,
  EnqueueAnswer,
  Enqueueing,
  Inspecting,
  Keying,
  Limiting,
  NewTask,
  NewWorkflow,
  Scheduling,
  Sharing,
  StartAnswer,
  Stepping,
  TaskEngine,
  Workflows,
} from '../../port/index.js';
import { CAPABILITIES } from '../engine-on.js';
import { noAppDatabase } from '../facets/stepping.js';
import { insertTasksWithin } from '../sql/insert-tasks.js';
import { readWithin } from '../sql/read-within.js';
import { startWorkflowWithin } from '../sql/start-workflow.js';
import { assertSameFile } from '../store/app-data-source.js';
import type { AskedFacet } from './messages.js';
import { TaskSender } from './task-sender.js';
import { StoreThread } from './store-thread.js';
import type { ThreadOptions, ThreadPlace } from './thread-data.js';

/**
 * The engine on a file, in a thread of its own: the app's event loop waits for no statement and no disk. What is here are
 * the workers, and tasks that are stored in a transaction of the app.
 *
 * @param context whose clock is the system's
 */
export function threadedEngine(options: ThreadOptions, context: EngineContext, place: ThreadPlace): TaskEngine {
  const thread = new StoreThread(options, context, place);
  return {
    kind: 'sqlite',
    capabilities: { ...CAPABILITIES, clock: 'system' },
    enqueueing: new ThreadedEnqueueing(thread, context),
    delivering: { consume: (queue, consumeOptions, run) => thread.consume(queue, consumeOptions, run) },
    inspecting: asked<Inspecting>(thread, 'inspecting', {
      get: true,
      summaries: true,
      awaited: true,
      list: true,
      errorGroups: true,
      queues: true,
      workers: true,
      workersAtWork: true,
      condition: true,
      metrics: true,
    }),
    acting: asked<Acting>(thread, 'acting', { act: true, update: true, pauseQueue: true, resumeQueue: true }),
    limiting: asked<Limiting>(thread, 'limiting', { limits: true, pause: true, resume: true, pauses: true }),
    keying: asked<Keying>(thread, 'keying', { keys: true, setFlow: true, setKeyPriority: true }),
    scheduling: asked<Scheduling>(thread, 'scheduling', {
      save: true,
      remove: true,
      all: true,
      setPaused: true,
      trigger: true,
    }),
    auditing: asked<Auditing>(thread, 'auditing', { note: true, page: true }),
    sharing: asked<Sharing>(thread, 'sharing', { secret: true }),
    stepping: {
      ...asked<Asked<Stepping>>(thread, 'stepping', {
        read: true,
        record: true,
        take: true,
        signal: true,
        retryFrom: true,
        list: true,
      }),
      // Its tasks are in a file of their own.
      transact: () => Promise.reject(noAppDatabase()),
    },
    workflows: threadedWorkflows(thread, context),
    watching: { watch: (listener, how) => thread.watch(listener, how), hear: (listener) => thread.hear(listener) },
    open: () => thread.open(),
    close: () => thread.close(),
  };
}

/** The part of it that takes data and gives data. */
type Asked<Facet extends Stepping> = Omit<Facet, 'transact' | 'bounds'>;

function threadedWorkflows(thread: StoreThread, { clock }: Pick<EngineContext, 'clock'>): Workflows {
  const inThread = asked<Workflows>(thread, 'workflows', {
    start: true,
    add: true,
    progress: true,
    get: true,
    list: true,
    results: true,
    end: true,
    cancel: true,
    retry: true,
  });
  const start = async (workflow: NewWorkflow, within?: EntityManager): Promise<StartAnswer> => {
    if (thread.inPlace) return thread.inPlace.workflows!.start(workflow, within);
    if (within) assertSameFile(thread.path, within);
    if (within?.queryRunner?.isTransactionActive) return startWorkflowWithin(within, workflow, clock.now());
    return inThread.start(workflow);
  };
  return { ...inThread, start };
}

/** A facet whose methods take data and give data. */
function asked<Facet>(thread: StoreThread, facet: AskedFacet, methods: Readonly<Record<keyof Facet, true>>): Facet {
  const made = Object.keys(methods).map((method) => [
    method,
    (...args: readonly unknown[]) => thread.call(facet, method, args),
  ]);
  return Object.fromEntries(made) as Facet;
}

class ThreadedEnqueueing implements Enqueueing {
  private readonly sender = new TaskSender((question) => this.thread.ask(question));

  constructor(
    private readonly thread: StoreThread,
    private readonly context: Pick<EngineContext, 'clock' | 'mask'>,
  ) {}

  async enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<readonly EnqueueAnswer[]> {
    const { thread } = this;
    if (thread.inPlace) return thread.inPlace.enqueueing.enqueue(tasks, within);
    const { path } = thread;
    if (tasks.length === 0) return [];
    if (within) assertSameFile(path, within);
    if (within?.queryRunner?.isTransactionActive) return insertTasksWithin(within, tasks, this.context.clock.now());
    return this.sender.send(tasks);
  }

  async existing(
    tasks: ReadonlyArray<Pick<NewTask, 'id' | 'queue'>>,
    within?: EntityManager,
  ): Promise<ReadonlyArray<Task | null>> {
    const { thread } = this;
    if (thread.inPlace) return thread.inPlace.enqueueing.existing(tasks, within);
    if (within) assertSameFile(thread.path, within);
    if (within?.queryRunner?.isTransactionActive) {
      return readWithin(within, tasks, this.context.mask, this.context.clock.now());
    }
    return Promise.all(tasks.map(({ id }) => thread.call('inspecting', 'get', [id]) as Promise<Task | null>));
  }

  async noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void> {
    if (this.thread.inPlace) return this.thread.inPlace.enqueueing.noteSensitive(paths);
    await this.thread.ask(['note', [...paths]]);
  }
}
