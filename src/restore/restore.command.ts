import { plural } from '../../lib/contract/index.js';
import type { Command } from '../cli/command.js';

/** `nestjs-tasks restore`: a backup in the place of a store that nobody works on. */
export const restoreCommand: Command = {
  name: 'restore',
  summary: 'Puts a backup in the place of a store, verified; every app must have been stopped.',
  options: {
    from: { type: 'string', placeholder: '<file>', description: 'the backup; it stays where it is', required: true },
    database: { type: 'string', placeholder: '<file>', description: 'the SQLite file of the store', required: true },
  },

  async run({ from, database }, output) {
    const { restoreTasks } = await import('../../lib/engine/sqlite/backup/index.js');
    const { tasks, kept } = await restoreTasks({ from: String(from), database: String(database) });
    output.out(`${String(database)} is restored from ${String(from)}: ${plural(tasks, 'task')}.`);
    if (kept !== null) output.out(`What was there is kept as ${kept}.`);
  },
};
