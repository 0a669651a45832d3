import { hostname, userInfo } from 'node:os';
import type { AuditAction } from '../../lib/contract/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import type { CommandOption } from '../cli/command.js';
import { CliError } from '../cli/usage-error.js';
import { inspectStore } from '../store/store-file.js';

/** Options of all commands that look at tasks, or change them. */
export const DATABASE_OPTION = {
  type: 'string',
  placeholder: '<file>',
  description: 'the SQLite file of the store',
  required: true,
} as const satisfies CommandOption;

export const JSON_OPTION = {
  type: 'boolean',
  description: 'print JSON, one object a line',
} as const satisfies CommandOption;

/** A store that a command works with. */
export interface OpenTasks {
  readonly tasks: TaskDispatcher;
  /** Writes down in the audit record who changed what. */
  noteChange(action: AuditAction, target: string): Promise<void>;
}

/**
 * Opens the store in a file that exists, has `use` do its work, and closes it. This process runs no task.
 * @throws CliError where there is no file, or no store in it
 */
export async function withTasks(database: string, use: (store: OpenTasks) => Promise<void>): Promise<void> {
  const content = await inspectStore(database);
  if (!content) throw new CliError(`There is no file ${database}. Give the file that the app keeps its tasks in.`);
  if (content.migrations.length === 0) throw new CliError(`${database} holds no tasks.`);
  const { createTasksApp } = await import('./tasks-app.js');
  const { app, tasks, operations } = await createTasksApp(database, content.queues);
  try {
    await use({
      tasks,
      noteChange: (action, target) =>
        operations.store.noteAudit({ at: Date.now(), who: who(), action, target, changed: 1 }),
    });
  } finally {
    await app.close();
  }
}

function who(): string {
  return `${userName()}@${hostname()}`;
}

/** Of a user that no list of the machine has, as in a container, only the number is known. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
