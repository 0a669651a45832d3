import { once } from 'node:events';
import { BlockList, isIP } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { Command } from '../cli/command.js';
import { CliError, UsageError } from '../cli/usage-error.js';
import { inspectStore } from '../store/store-file.js';

const MAX_PORT = 65_535;

/** `nestjs-tasks panel`: the panel on a store's file, beside the app that works on it or without one. */
export const panelCommand: Command = {
  name: 'panel',
  summary: "Opens the admin panel on a store's file; runs no task itself.",
  options: {
    database: { type: 'string', placeholder: '<file>', description: 'the SQLite file of the store', required: true },
    port: {
      type: 'string',
      placeholder: '<number>',
      description: 'port to listen on; 0: any free one',
      default: '3000',
    },
    host: {
      type: 'string',
      placeholder: '<address>',
      description: 'loopback address to listen on',
      default: '127.0.0.1',
    },
    'read-only': { type: 'boolean', description: 'refuse every change' },
  },

  async run(values, output) {
    const database = String(values.database);
    const port = parsePort(String(values.port));
    const host = parseHost(String(values.host));
    const readOnly = values['read-only'] === true;
    const queues = await queuesOf(database);

    // An unguarded panel is not mounted where this says production: it speaks of the app, and this program is none.
    delete process.env.NODE_ENV;
    const { createPanelApp, panelUrl, PANEL_LOG_LEVELS } = await import('./panel-app.js');
    const app = await createPanelApp({ database, queues, readOnly });
    try {
      app.useLogger(false); // Nest would log what listen() throws, too.
      await listen(app, port, host);
      app.useLogger([...PANEL_LOG_LEVELS]);
      const url = await panelUrl(app);
      const toldToEnd = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      output.out(`Panel of ${database}${readOnly ? ' (read-only)' : ''}: ${url} · Ctrl+C ends it`);
      await toldToEnd;
    } finally {
      await app.close();
    }
  },
};

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port <= MAX_PORT) return port;
  throw new UsageError(`--port must be a whole number from 0 to ${MAX_PORT}, not "${text}".`, 'panel');
}

/** The panel has no log-in of its own, so it is not for other machines to reach. */
function parseHost(text: string): string {
  if (isLoopback(text)) return text;
  throw new UsageError(
    `--host must be a loopback address (127.0.0.1, ::1 or localhost), not "${text}": the panel has no log-in. ` +
      `From another machine, reach it through an SSH tunnel, or mount the panel in an app with admin.guards.`,
    'panel',
  );
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  return isIP(host) === 4 && loopback.check(host);
}

/** The file is looked into before it is opened for writing: a wrong path must neither be created nor get tables. */
async function queuesOf(database: string): Promise<readonly string[]> {
  const content = await inspectStore(database);
  const remedy = `Give the file that the app keeps its tasks in, or create a store with: nestjs-tasks schema --database ${database}`;
  if (!content) throw new CliError(`There is no file ${database}. ${remedy}`);
  if (content.migrations.length === 0) throw new CliError(`${database} holds no tasks. ${remedy}`);
  return content.queues;
}

async function listen(app: INestApplication, port: number, host: string): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CliError(`Port ${port} on ${host} is in use. Choose another with --port, or --port 0 for any free one.`);
  }
}
