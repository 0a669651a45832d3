export { outboxMigrations } from './migrations.js';
export { OutboxTask } from './outbox-task.entity.js';
export { Outbox, type OutboxDependencies } from './outbox.js';
export { outboxEngine } from './outbox-engine.js';
