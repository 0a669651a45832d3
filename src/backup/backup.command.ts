import { relative } from 'node:path';
import { plural } from '../../lib/contract/index.js';
import type { Command } from '../cli/command.js';

/** `nestjs-tasks backup`: a copy of a store while the app works on it. */
export const backupCommand: Command = {
  name: 'backup',
  summary: 'Copies a store to a new file, verified, while the app goes on working.',
  options: {
    database: { type: 'string', placeholder: '<file>', description: 'the SQLite file of the store', required: true },
    to: { type: 'string', placeholder: '<file>', description: 'the backup; the file must not exist', required: true },
  },

  async run({ database, to }, output) {
    const { backupTasks } = await import('../../lib/engine/sqlite/backup/index.js');
    const { file, bytes, tasks } = await backupTasks({ database: String(database), to: String(to) });
    const shown = relative(process.cwd(), file);
    output.out(
      `${String(database)} is backed up to ${shown.startsWith('..') ? file : shown}: ` +
        `${plural(tasks, 'task')}, ${bytes} bytes.`,
    );
  },
};
