import { CreateTables1764000000000 } from './1764000000000-create-tables.js';
import { PanelRecords1764100000000 } from './1764100000000-panel-records.js';
import { TasksByKind1764200000000 } from './1764200000000-tasks-by-kind.js';
import { Secrets1764300000000 } from './1764300000000-secrets.js';
import { OneFileForMany1764350000000 } from './1764350000000-one-file-for-many.js';
import { UnhandledTasks1764400000000 } from './1764400000000-unhandled-tasks.js';
import { ErrorGroups1764500000000 } from './1764500000000-error-groups.js';
import { MetricsByName1764600000000 } from './1764600000000-metrics-by-name.js';
import { TaskTraits1764700000000 } from './1764700000000-task-traits.js';
import { PassedOverTicks1764750000000 } from './1764750000000-passed-over-ticks.js';
import { Workflows1764800000000 } from './1764800000000-workflows.js';
import { WorkflowTags1764850000000 } from './1764850000000-workflow-tags.js';
import { KeysOfLiveTasks1764900000000 } from './1764900000000-keys-of-live-tasks.js';

/** Every migration that ships, oldest first. A store that names one that is not here was written by a newer version. */
export const TASKS_MIGRATIONS = [
  CreateTables1764000000000,
  PanelRecords1764100000000,
  TasksByKind1764200000000,
  Secrets1764300000000,
  OneFileForMany1764350000000,
  UnhandledTasks1764400000000,
  ErrorGroups1764500000000,
  MetricsByName1764600000000,
  TaskTraits1764700000000,
  PassedOverTicks1764750000000,
  Workflows1764800000000,
  WorkflowTags1764850000000,
  KeysOfLiveTasks1764900000000,
];

/** As a store has them on record. They are the migrations' own and not their classes', which a bundler may rename. */
export const MIGRATION_NAMES: readonly string[] = TASKS_MIGRATIONS.map((Migration) => new Migration().name);
