export { backupTasks, type BackupTasksOptions, type TasksBackup } from './backup-tasks.js';
export { checkStore } from './check-store.js';
export type { Finding, FindingKind } from './findings.js';
export { repairStore, type RepairOptions } from './repair-store.js';
export { restoreTasks, type RestoreTasksOptions, type TasksRestored } from './restore-tasks.js';
