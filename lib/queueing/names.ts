import type { Type } from '@nestjs/common';
import { checkQueue, checkTaskName } from '../checks/index.js';
import type { ResolvedConfig } from '../config/index.js';
import { InvalidArgumentError, listOf, UnknownQueueError, UnknownTaskNameError } from '../contract/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import { isSchema } from '../params/index.js';

/** @throws UnknownQueueError for a queue that is not configured; InvalidArgumentError for what cannot be one */
export function refuseQueue(queue: string, { queues }: ResolvedConfig, registry: HandlerRegistry): never {
  const handler = registry.get(checkQueue(queue));
  const known = [...queues.keys()];
  throw new UnknownQueueError(queue, known, handler && { queue: handler.queue ?? known[0]! });
}

/**
 * Lets a name pass that this process does not handle, where it handles none and may enqueue for others.
 * @throws UnknownTaskNameError where it handles others; InvalidArgumentError for what cannot be a name
 */
export function checkUnhandled(name: string, registry: HandlerRegistry): void {
  checkTaskName(name);
  if (!registry.isEmpty) throw new UnknownTaskNameError(name, registry.names());
}

/** The name of a task whose caller leaves it to the class of the params. @throws InvalidArgumentError */
export function nameByParams(params: unknown, registry: HandlerRegistry): string {
  const type = typeof params === 'object' && params !== null ? (params.constructor as Type<object> | undefined) : null;
  if (!type || type === Object || Array.isArray(params)) {
    throw new InvalidArgumentError(
      'name',
      `Give the task's name before its params, or an instance of a params class. ${knownClasses(registry)}`,
    );
  }
  const handlers = registry.allByParams(type);
  if (handlers.length === 1) return handlers[0]!.name;
  if (handlers.length > 1) {
    const names = listOf(handlers.map((handler) => handler.name));
    throw new InvalidArgumentError(
      'name',
      `Several tasks take params of class ${type.name}: ${names}. Give the task's name.`,
    );
  }
  throw new InvalidArgumentError(
    'name',
    `No handler takes params of class ${type.name}: give the task's name, or name the class in its handler's ` +
      `@TaskHandler(name, { params: ${type.name} }). ${knownClasses(registry)}`,
  );
}

function knownClasses(registry: HandlerRegistry): string {
  const classes = registry
    .all()
    .flatMap(({ name, params }) => (params && !isSchema(params) ? [`${params.name} for "${name}"`] : []));
  return `Known params classes: ${classes.length > 0 ? classes.join(', ') : 'none'}.`;
}
