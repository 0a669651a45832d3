import { bullmq, type TasksModuleRootOptions } from 'nestjs-tasks';

/**
 * Where tasks live. Unset: in the app's own SQLite database, so that they can be enqueued inside its transactions. A URL
 * such as redis://localhost:6379/0 or postgres://localhost/tasks: in BullMQ there, for any number of machines, and through
 * an outbox in the app's database, so that the transactions stay as they are (see orders/).
 */
export function tasksStore(url = process.env.TASKS_URL): TasksModuleRootOptions {
  if (!url) return { dataSource: 'default' };
  const outbox = { dataSource: 'default' };
  if (!url.startsWith('redis:')) return { engine: bullmq({ postgres: url }), outbox };
  const { hostname, port, pathname } = new URL(url);
  const connection = { host: hostname, port: Number(port || 6379), db: Number(pathname.slice(1)) };
  return { engine: bullmq({ connection }), outbox };
}
