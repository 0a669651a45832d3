/** Whatever is not seen first. */
export { AuditView } from './audit-view.js';
export { CronsView } from './crons-view.js';
export { EnqueueView } from './enqueue-view.js';
export { ErrorsView } from './errors-view.js';
export { NameView } from './name-view.js';
export { Palette } from './palette.js';
export { QueueView } from './queue-view.js';
export { QueuesView } from './queues-view.js';
export { RunAgain } from '../parts/run-again.js';
export { TaskView } from './task-view.js';
export { TasksView } from './tasks-view.js';
export { WorkflowView } from './workflow-view.js';
export { WorkflowsView } from './workflows-view.js';
