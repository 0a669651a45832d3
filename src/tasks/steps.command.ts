import type { Command } from '../cli/command.js';
import { ID_ARGUMENT } from './id-argument.js';
import { DATABASE_OPTION, JSON_OPTION, withTasks } from './open-tasks.js';
import { stepLines } from './show-steps.js';

/** `nestjs-tasks steps`: what a task has recorded. */
export const stepsCommand: Command = {
  name: 'steps',
  summary: 'Lists what a task has recorded of its durable steps, and the signals that it has not taken.',
  arguments: [ID_ARGUMENT],
  options: { database: DATABASE_OPTION, json: JSON_OPTION },

  async run({ id, database, json }, output) {
    await withTasks(String(database), async ({ tasks }) => {
      const steps = await tasks.steps(String(id));
      if (json === true) return output.out(JSON.stringify(steps));
      const lines = stepLines(steps);
      output.out(lines.length > 0 ? lines.join('\n') : 'It has recorded no step.');
    });
  },
};
