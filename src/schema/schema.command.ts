import type { Command } from '../cli/command.js';
import { CliError } from '../cli/usage-error.js';
import { inspectStore } from '../store/store-file.js';

/** `nestjs-tasks schema`: what an app does when it boots, as a step of its own. */
export const schemaCommand: Command = {
  name: 'schema',
  summary: 'Creates the tables of a store, or brings them up to date.',
  options: {
    database: { type: 'string', placeholder: '<file>', description: 'the SQLite file', required: true },
  },

  async run({ database }, output) {
    const file = String(database);
    const before = (await inspectStore(file))?.migrations ?? [];
    const { openConnection } = await import('../../lib/engine/sqlite/store/open-connection.js');
    const connection = await openConnection(file, 'full');
    await connection.close();

    const after = await inspectStore(file);
    if (!after) throw new CliError(`${file} was deleted while its schema was brought up to date.`);
    const ran = after.migrations.filter((migration) => !before.includes(migration));
    output.out(ran.length === 0 ? `${file} is up to date.` : `${file}: ran ${ran.join(', ')}.`);
  },
};
