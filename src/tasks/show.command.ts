import type { Command } from '../cli/command.js';
import { ID_ARGUMENT } from './id-argument.js';
import { DATABASE_OPTION, JSON_OPTION, withTasks } from './open-tasks.js';
import { taskLines } from './show-task.js';

/** `nestjs-tasks show`: one task, with all that is known of it. */
export const showCommand: Command = {
  name: 'show',
  summary: 'Shows a task with its attempts and steps, and what it waits for.',
  arguments: [ID_ARGUMENT],
  options: { database: DATABASE_OPTION, json: JSON_OPTION },

  async run({ id, database, json }, output) {
    await withTasks(String(database), async ({ tasks }) => {
      const task = await tasks.get(String(id));
      const steps = task.steps ? await tasks.steps(task.id) : null;
      output.out(json === true ? JSON.stringify({ ...task, recorded: steps }) : taskLines(task, steps).join('\n'));
    });
  },
};
