import { CreateTables1764000000000 } from './1764000000000-create-tables.js';
import { PanelRecords1764100000000 } from './1764100000000-panel-records.js';
import { TasksByKind1764200000000 } from './1764200000000-tasks-by-kind.js';

/** Every migration that ships, oldest first. A store that names one that is not here was written by a newer version. */
export const MIGRATIONS = [CreateTables1764000000000, PanelRecords1764100000000, TasksByKind1764200000000];
