import type { Command } from '../cli/command.js';
import { ID_ARGUMENT } from './id-argument.js';
import { DATABASE_OPTION, withTasks } from './open-tasks.js';

/** `nestjs-tasks retry`: what `tasks.retry()` does, by hand. */
export const retryCommand: Command = {
  name: 'retry',
  summary: 'Has a task that failed or was cancelled run again, with all its attempts.',
  arguments: [ID_ARGUMENT],
  options: {
    database: DATABASE_OPTION,
    from: {
      type: 'string',
      placeholder: '<step>',
      description: 'forget this step and what was recorded after it; what was recorded before stands',
    },
  },

  async run({ id, from, database }, output) {
    await withTasks(String(database), async ({ tasks, noteChange }) => {
      const task = await tasks.retry(String(id), from === undefined ? {} : { from: String(from) });
      await noteChange('retry', task.id);
      output.out(`Task ${task.id} is ${task.state}${from === undefined ? '' : `, and begins with "${String(from)}"`}.`);
    });
  },
};
