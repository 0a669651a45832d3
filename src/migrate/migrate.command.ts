import { plural } from '../../lib/contract/index.js';
import type { EngineLogger } from '../../lib/engine/port/index.js';
import type { CliOutput, Command, OptionValues } from '../cli/command.js';
import { LEASE_OPTION, parseLease } from '../cli/lease-option.js';
import { UsageError } from '../cli/usage-error.js';
import { parseStoreAddress, type StoreAddress } from './store-address.js';

/** Between two lines about how far it is, in milliseconds. */
const TELL_EVERY_MS = 2_000;

/** `nestjs-tasks migrate`: all tasks of a store to another one, of whatever kind. */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Moves all tasks that wait or have failed, with schedules and pauses, to another store.',
  options: {
    from: {
      type: 'string',
      placeholder: '<store>',
      description: 'where the tasks are: a SQLite file, redis://host:port/db or postgres://user@host/database',
      required: true,
    },
    to: { type: 'string', placeholder: '<store>', description: 'where they are to be, likewise', required: true },
    'dry-run': { type: 'boolean', description: 'tells what would be moved and what is in the way, and moves nothing' },
    abandon: { type: 'boolean', description: 'gives up a move that did not come to its end' },
    lease: LEASE_OPTION,
  },

  async run(values, output) {
    const [from, to] = addressesOf(values);
    const lease = await parseLease(String(values.lease), 'migrate');
    const { assertStoreExists, openStore } = await import('./open-store.js');
    const { assertFolder } = await import('./target-store.js');
    await assertStoreExists(from);
    assertFolder(to);
    const logger = loggerTo(output);
    const source = await openStore(from, lease, logger);
    try {
      if (values.abandon !== true) {
        const { assertNamesFit } = await import('./names-fit.js');
        await assertNamesFit(source, to);
      }
      if (values['dry-run'] === true) {
        const { dryRun } = await import('./dry-run.js');
        return output.out(await dryRun(source, to, () => openStore(to, lease, logger)));
      }
      const target = await openStore(to, lease, logger);
      try {
        const progress = progressTo(output);
        if (values.abandon === true) {
          const { abandon } = await import('./abandon.js');
          return output.out(await abandon(source, target, lease, progress));
        }
        const { move } = await import('./move.js');
        const { uuidv7 } = await import('uuidv7');
        const compared = (report: string): void => output.out(report);
        const left = await move(source, target, { id: uuidv7(), lease }, { progress, compared });
        output.out(`${target.shown} has all that was moved.`);
        if (left > 0) {
          output.out(`${plural(left, 'task')} came into ${source.shown} meanwhile: run the command again for those.`);
        }
      } finally {
        await target.store.close();
      }
    } finally {
      await source.store.close();
    }
  },
};

function addressesOf(values: OptionValues): [StoreAddress, StoreAddress] {
  const from = parseStoreAddress(String(values.from), '--from');
  const to = parseStoreAddress(String(values.to), '--to');
  if (from.shown === to.shown) throw new UsageError(`--from and --to are the same store, ${to.shown}.`, 'migrate');
  if (values['dry-run'] === true && values.abandon === true) {
    throw new UsageError('--dry-run and --abandon cannot be given together.', 'migrate');
  }
  return [from, to];
}

function progressTo(output: CliOutput): (text: string) => void {
  let told = performance.now();
  return (text) => {
    if (performance.now() - told < TELL_EVERY_MS) return;
    told = performance.now();
    output.err(text);
  };
}

function loggerTo(output: CliOutput): EngineLogger {
  const tell = (message: string): void => output.err(message);
  return { log: () => undefined, warn: tell, error: tell };
}
