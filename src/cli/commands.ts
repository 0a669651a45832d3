import { backupCommand } from '../backup/backup.command.js';
import { checkCommand } from '../check/check.command.js';
import { migrateCommand } from '../migrate/migrate.command.js';
import { panelCommand } from '../panel/panel.command.js';
import { restoreCommand } from '../restore/restore.command.js';
import { schemaCommand } from '../schema/schema.command.js';
import { listCommand } from '../tasks/list.command.js';
import { retryCommand } from '../tasks/retry.command.js';
import { showCommand } from '../tasks/show.command.js';
import { signalCommand } from '../tasks/signal.command.js';
import { stepsCommand } from '../tasks/steps.command.js';
import type { Command } from './command.js';

export const COMMANDS: readonly Command[] = [
  panelCommand,
  listCommand,
  showCommand,
  stepsCommand,
  signalCommand,
  retryCommand,
  schemaCommand,
  backupCommand,
  restoreCommand,
  checkCommand,
  migrateCommand,
];
