import type { NodeCondition, NodeKind, TaskTraits } from '../../lib/contract/index.js';
import type { Clock } from '../../lib/clock/index.js';
import type { NewNode, NewTask, NewWorkflow } from '../../lib/engine/port/index.js';
import { newTask } from '../conformance/harness.js';

/** A node, by what is not usual of it. */
export interface NodeShape {
  readonly after?: readonly number[];
  readonly when?: NodeCondition;
  readonly kind?: NodeKind;
  /** So many tasks, or these. */
  readonly tasks?: number | ReadonlyArray<Partial<NewTask>>;
  readonly delay?: number;
  readonly queue?: string;
}

/** A workflow of these nodes, which have a task each unless it is said. */
export function newWorkflow(
  clock: Pick<Clock, 'now'>,
  shapes: Readonly<Record<string, NodeShape>>,
  overrides: Partial<NewWorkflow> = {},
): NewWorkflow {
  const id = overrides.id ?? newTask(clock).id;
  const nodes = Object.entries(shapes).map(([name, shape]): NewNode => {
    const { after = [], when = 'completed', tasks = 1, delay = 0, queue = 'default' } = shape;
    const kind = shape.kind ?? (shape.tasks === undefined ? 'one' : 'each');
    const given = typeof tasks === 'number' ? Array.from({ length: tasks }, () => ({})) : tasks;
    const made = given.map((task: Partial<NewTask>) => {
      const traits: TaskTraits = { ...task.traits, workflow: { id, node: name } };
      return newTask(clock, { queue, ...task, traits });
    });
    return { name, kind, queue, task: 'work', when, delay, after, tasks: made };
  });
  const own = { mayExist: false, name: 'order', tags: { order: '7' }, createdAt: clock.now(), deadlineAt: null };
  return { ...own, nodes, ...overrides, id };
}
