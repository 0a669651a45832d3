import type { Task, TaskDispatcher } from 'nestjs-tasks';

/** Resolves to the task when it has ended, by listening for changes. */
export function ended(tasks: TaskDispatcher, id: string): Promise<Task> {
  return new Promise((resolve, reject) => {
    const look = async (): Promise<void> => {
      const task = await tasks.get(id);
      if (!['completed', 'failed', 'cancelled'].includes(task.state)) return;
      unwatch();
      resolve(task);
    };
    const unwatch = tasks.watch(() => void look().catch(reject));
    look().catch(reject);
  });
}
