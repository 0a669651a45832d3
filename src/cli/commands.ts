import { backupCommand } from '../backup/backup.command.js';
import { checkCommand } from '../check/check.command.js';
import { migrateCommand } from '../migrate/migrate.command.js';
import { panelCommand } from '../panel/panel.command.js';
import { restoreCommand } from '../restore/restore.command.js';
import { schemaCommand } from '../schema/schema.command.js';
import type { Command } from './command.js';

export const COMMANDS: readonly Command[] = [
  panelCommand,
  schemaCommand,
  backupCommand,
  restoreCommand,
  checkCommand,
  migrateCommand,
];
