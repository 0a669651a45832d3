/** Tasks by the queue that they are for, in the order in which they came. */
export function byQueue<T extends { readonly queue: string }>(tasks: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const task of tasks) {
    const own = groups.get(task.queue);
    if (own) own.push(task);
    else groups.set(task.queue, [task]);
  }
  return groups;
}
