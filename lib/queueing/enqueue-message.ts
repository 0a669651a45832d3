import type { EnqueueMessage } from '../channels/index.js';
import type { ReadyTask } from './store-tasks.js';

export function enqueueMessage(store: string, queue: string, ready: readonly ReadyTask[]): EnqueueMessage {
  const tasks = ready.map(({ task: { id, name, traits } }) => ({
    id,
    name,
    ...(traits?.context && { context: traits.context }),
  }));
  return { store, queue, tasks, carrier: {} };
}

/** The tasks, which carry what a subscriber has put into the carrier, over what they carry by the option `context`. */
export function withCarrier(
  ready: readonly ReadyTask[],
  carrier: Readonly<Record<string, string>>,
): readonly ReadyTask[] {
  if (Object.keys(carrier).length === 0) return ready;
  return ready.map((each) => {
    const { traits } = each.task;
    const context = { ...traits?.context, ...carrier };
    return { ...each, task: { ...each.task, traits: { ...traits, context } } };
  });
}
