import type { EntityManager } from 'typeorm';
import type {
  NodeCondition,
  NodeKind,
  TaskError,
  TaskTags,
  Workflow,
  WorkflowPage,
  WorkflowProgress,
  WorkflowState,
} from '../../contract/index.js';
import type { NewTask } from './new-task.js';
import type { StepLease } from './stepping.js';

/** A node of a workflow that is to be started. */
export interface NewNode {
  readonly name: string;
  readonly kind: NodeKind;
  readonly queue: string;
  /** Name of its tasks. */
  readonly task: string;
  readonly when: NodeCondition;
  /** Milliseconds from when it may run to when its tasks are due. */
  readonly delay: number;
  /** Places in the list of nodes of those that it waits for. */
  readonly after: readonly number[];
  readonly tasks: readonly NewTask[];
}

/** A workflow that is to be started: no circle, each node waits for others of it alone. */
export interface NewWorkflow {
  readonly id: string;
  /** The id is the caller's: a workflow that has it may be there already. */
  readonly mayExist: boolean;
  readonly name: string;
  readonly tags: TaskTags | null;
  readonly createdAt: number;
  readonly deadlineAt: number | null;
  readonly nodes: readonly NewNode[];
}

/** What became of a start. `existing`: a workflow of that id was there, and was left as it is. */
export type StartAnswer = 'stored' | 'existing';

/** What became of a task that another one adds to its node. `lost`: that one's lease was; `ending`: its workflow is being ended. */
export type AddAnswer = 'stored' | 'existing' | 'lost' | 'ending';

/** What tasks of a workflow returned, in the order in which they were stored. */
export interface ResultsPage {
  readonly results: ReadonlyArray<{
    readonly taskId: string;
    readonly completed: boolean;
    /** JSON; null where none is kept. */
    readonly result: string | null;
  }>;
  /** Where the next page begins; null where there is none. */
  readonly next: number | null;
}

/** How a workflow has ended, for whoever waits for it. */
export interface WorkflowEnd {
  readonly name: string;
  readonly state: WorkflowState;
  /** Where it has failed: the first node that nothing answered, and a task of it that failed. Null where the deadline was over. */
  readonly failed: {
    readonly node: string;
    readonly task: { readonly id: string; readonly name: string; readonly error: TaskError | null } | null;
  } | null;
  /** Names of the nodes that no other one waits for. */
  readonly last: ReadonlyArray<{ readonly name: string; readonly kind: NodeKind }>;
}

/** What became of a call that was to steer a workflow; `state` is null where there is none of that id. */
export interface WorkflowAnswer {
  readonly done: boolean;
  readonly state: WorkflowState | null;
  /** Names of nodes that it could have meant. */
  readonly nodes?: readonly string[];
}

/** Tasks that wait for the end of others. Absent where the engine cannot. */
export interface Workflows {
  /**
   * Stores a workflow with all of its tasks, or nothing, and nothing where one of its id is there. What waits for nothing can run
   * once all of it is stored.
   * @param within the caller's transaction: it is there if and only if that commits
   */
  start(workflow: NewWorkflow, within?: EntityManager): Promise<StartAnswer>;
  /** Adds a task to the node of one that runs: whoever waits for the node waits for it too. One of its id is stored once. */
  add(lease: StepLease, task: NewTask): Promise<AddAnswer>;
  /** How far it is; null where there is none of that id. */
  progress(id: string): Promise<WorkflowProgress | null>;
  /** For a reader; null where there is none of that id. */
  get(id: string): Promise<Workflow | null>;
  /** The newest first, beyond `cursor`. @throws InvalidArgumentError for a cursor that is none */
  list(query: {
    readonly name?: string;
    readonly state?: WorkflowState;
    readonly tags?: TaskTags;
    readonly cursor?: string;
    readonly limit: number;
  }): Promise<WorkflowPage>;
  /** What tasks of the nodes of that name returned, and those of that name which were added. Never for a reader. */
  results(id: string, name: string, after: number | null): Promise<ResultsPage>;
  /** Null where there is none of that id. */
  end(id: string): Promise<WorkflowEnd | null>;
  /** Cancels all of a workflow that has not ended, and nothing of it begins any more. */
  cancel(id: string): Promise<WorkflowAnswer>;
  /**
   * Has nodes run again that failed or were cancelled, and what was cancelled because of them wait for them again.
   * @param from name of the node; null: each that failed, or that the deadline cancelled
   */
  retry(id: string, from: string | null): Promise<WorkflowAnswer>;
}
