import { plural } from '../../lib/contract/index.js';
import type { Command, CliOutput } from '../cli/command.js';
import { LEASE_OPTION, parseLease } from '../cli/lease-option.js';
import { CliError } from '../cli/usage-error.js';

/** `nestjs-tasks check`: whether a store is sound, and what can be put right in one that is not. */
export const checkCommand: Command = {
  name: 'check',
  summary: 'Looks for what is wrong with a store and explains it; the app may go on working.',
  options: {
    database: { type: 'string', placeholder: '<file>', description: 'the SQLite file of the store', required: true },
    repair: { type: 'boolean', description: 'back the store up, then put right what can be' },
    lease: LEASE_OPTION,
  },

  async run(values, output) {
    const database = String(values.database);
    const lease = await parseLease(String(values.lease), 'check');
    const { checkStore } = await import('../../lib/engine/sqlite/backup/index.js');
    let findings = await checkStore(database, { lease });
    for (const { message } of findings) output.out(message);

    const repairable = findings.filter((finding) => finding.repairable).length;
    if (repairable > 0 && values.repair === true) {
      await repair(database, lease, output);
      findings = await checkStore(database, { lease });
      output.out(
        findings.length === 0 ? 'Repaired; nothing is wrong any more.' : 'Repaired what could be. What is left:',
      );
      for (const { message } of findings) output.out(message);
    } else if (findings.length === 0) {
      output.out(`${database}: nothing is wrong.`);
    }
    if (findings.length === 0) return;
    const problems = plural(findings.length, 'problem');
    const advice = values.repair === true ? '' : adviceOn(repairable, findings.length);
    throw new CliError(`${database}: ${problems} found.${advice}`);
  },
};

function adviceOn(repairable: number, all: number): string {
  if (repairable === 0) return '';
  return ` Option --repair puts ${repairable === all ? 'that' : `${repairable} of them`} right, after a backup.`;
}

async function repair(database: string, lease: number, output: CliOutput): Promise<void> {
  const { repairStore } = await import('../../lib/engine/sqlite/backup/index.js');
  const { DEFAULT_MAX_LOST_ATTEMPTS, DEFAULT_SETTINGS } = await import('../../lib/config/defaults.js');
  const now = Date.now();
  const { file } = await repairStore(database, {
    backup: `${database}.before-repair-${new Date(now).toISOString().replaceAll(/[-:.]/g, '')}`,
    lease,
    // The app's own settings are in its code, which this command does not run.
    rules: {
      now,
      maxLostAttempts: DEFAULT_MAX_LOST_ATTEMPTS,
      keepFor: (_queue, state) => DEFAULT_SETTINGS.retention[state],
    },
  });
  output.out(`Backed up to ${file}.`);
}
