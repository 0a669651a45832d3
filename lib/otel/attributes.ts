import type { Attributes } from '@opentelemetry/api';

/**
 * Names of OpenTelemetry's conventions for messaging (status: development), and those of our own below the name of the system.
 * They are written out, as the package of conventions changes such names from one minor version to the next.
 */
export const ATTRIBUTES = {
  system: 'messaging.system',
  operationName: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  destination: 'messaging.destination.name',
  messageId: 'messaging.message.id',
  batchCount: 'messaging.batch.message_count',
  errorType: 'error.type',
  store: 'messaging.nestjs_tasks.store',
  taskName: 'messaging.nestjs_tasks.task.name',
  attempt: 'messaging.nestjs_tasks.attempt',
  outcome: 'messaging.nestjs_tasks.outcome',
  stepName: 'messaging.nestjs_tasks.step.name',
  stepKind: 'messaging.nestjs_tasks.step.kind',
} as const;

export const SYSTEM = 'nestjs_tasks';

/** What an operation on tasks of one queue has in common. */
export function operationOn(queue: string, name: 'enqueue' | 'process', store: string): Attributes {
  return {
    [ATTRIBUTES.system]: SYSTEM,
    [ATTRIBUTES.operationName]: name,
    [ATTRIBUTES.operationType]: name === 'enqueue' ? 'send' : 'process',
    [ATTRIBUTES.destination]: queue,
    [ATTRIBUTES.store]: store,
  };
}
