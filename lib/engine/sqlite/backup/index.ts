export { backupTasks, type BackupTasksOptions, type TasksBackup } from './backup-tasks.js';
