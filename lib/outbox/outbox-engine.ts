import { ForeignManagerError, InvalidArgumentError, WorkflowsNotSupportedError } from '../contract/index.js';
import type { Enqueueing, NewTask, TaskEngine, Workflows } from '../engine/port/index.js';
import type { Outbox } from './outbox.js';

/** An engine that takes tasks in transactions of another database too, through an outbox there. */
export function outboxEngine(engine: TaskEngine, box: Outbox): TaskEngine {
  return {
    kind: engine.kind,
    capabilities: engine.capabilities,
    delivering: engine.delivering,
    inspecting: engine.inspecting,
    acting: engine.acting,
    ...(engine.keying && { keying: engine.keying }),
    ...(engine.limiting && { limiting: engine.limiting }),
    scheduling: engine.scheduling,
    auditing: engine.auditing,
    sharing: engine.sharing,
    watching: engine.watching,
    ...(engine.workflows && { workflows: workflowsBeside(engine.workflows, box) }),
    ...(engine.stepping && { stepping: engine.stepping }),
    async open() {
      await engine.open();
      try {
        await box.open();
      } catch (error) {
        await engine.close();
        throw error;
      }
    },
    async close() {
      await box.close();
      await engine.close();
    },
    enqueueing: throughOutbox(engine.enqueueing, box),
    relaying: { depths: () => box.waiting() },
  };
}

/** The outbox has tasks alone: a workflow is in the tasks' own file, or nowhere. */
function workflowsBeside(store: Workflows, box: Outbox): Workflows {
  const start: Workflows['start'] = async (workflow, within) => {
    if (!within || !box.owns(within)) return store.start(workflow, within);
    if (!within.queryRunner?.isTransactionActive) return store.start(workflow);
    try {
      return await store.start(workflow, within);
    } catch (error) {
      if (!(error instanceof ForeignManagerError)) throw error;
      throw new WorkflowsNotSupportedError(
        `Workflow "${workflow.name}" cannot be started in a transaction of another database than the tasks: the outbox keeps ` +
          'tasks alone. Enqueue in that transaction a task whose handler starts it, or start it after the commit, without "manager".',
      );
    }
  };
  return Object.assign(Object.create(store) as Workflows, { start });
}

function throughOutbox(store: Enqueueing, box: Outbox): Enqueueing {
  return {
    noteSensitive: (paths) => store.noteSensitive(paths),
    async existing(tasks, within) {
      if (!within || !box.owns(within)) return store.existing(tasks, within);
      if (!within.queryRunner?.isTransactionActive) return store.existing(tasks);
      try {
        return await store.existing(tasks, within);
      } catch (error) {
        if (!(error instanceof ForeignManagerError)) throw error;
      }
      const found = await box.find(within, tasks);
      // What waited here when it was said to exist may have been handed over since.
      const gone = tasks.filter((_, index) => found[index] === null);
      if (gone.length === 0) return found;
      const stored = (await store.existing(gone)).values();
      return found.map((task) => task ?? stored.next().value ?? null);
    },
    async enqueue(tasks, within) {
      if (!within || !box.owns(within)) return store.enqueue(tasks, within);
      // A manager that has no transaction open has nothing to commit together with.
      if (!within.queryRunner?.isTransactionActive) return store.enqueue(tasks);
      try {
        // Tasks that live in the app's own database need no way round.
        return await store.enqueue(tasks, within);
      } catch (error) {
        if (!(error instanceof ForeignManagerError)) throw error;
        refuseRejecting(tasks);
        return box.add(within, tasks);
      }
    },
  };
}

/** Whether a key is held, the store says when the tasks are handed over: there is nobody to be told then. */
function refuseRejecting(tasks: readonly NewTask[]): void {
  if (!tasks.some(({ traits }) => traits?.unique?.onConflict === 'reject')) return;
  throw new InvalidArgumentError(
    'unique',
    'onConflict: "reject" is not possible in a transaction of another database than the tasks: whether the key is held is ' +
      'known only when that has committed. Give "keep" or "replace", or leave "manager" out.',
  );
}
