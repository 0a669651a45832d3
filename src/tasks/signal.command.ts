import type { Command } from '../cli/command.js';
import { UsageError } from '../cli/usage-error.js';
import { ID_ARGUMENT } from './id-argument.js';
import { DATABASE_OPTION, withTasks } from './open-tasks.js';

/** `nestjs-tasks signal`: what `tasks.signal()` does, by hand. */
export const signalCommand: Command = {
  name: 'signal',
  summary: 'Sends a signal to a task, which takes it when it waits for one of that name.',
  arguments: [
    ID_ARGUMENT,
    { name: 'name', description: 'the name of the signal', required: true },
    { name: 'json', description: 'what is sent with it; null where it is left out' },
  ],
  options: { database: DATABASE_OPTION },

  async run({ id, name, json = 'null', database }, output) {
    const payload = parsed(String(json));
    await withTasks(String(database), async ({ tasks, noteChange }) => {
      await tasks.signal(String(id), String(name), payload);
      await noteChange('signal', String(id));
      const { state } = await tasks.get(String(id));
      output.out(`Sent "${String(name)}" to task ${String(id)}, which is ${state}.`);
    });
  },
};

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UsageError(
      `What is sent must be JSON: '{"by":"her"}', or '"a text"' with its quotation marks.`,
      'signal',
    );
  }
}
