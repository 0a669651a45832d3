import { checkQueueName, isText, MAX_NAME_LENGTH } from '../../checks/index.js';
import type { OnFailed, ResolvedAlerts, ResolvedConfig } from '../../config/index.js';
import { listOf, nearest, TasksConfigError, UnknownQueueError } from '../../contract/index.js';
import type { HandlerRegistry } from '../../handlers/index.js';

/** @throws TasksConfigError for what names no task */
export function checkOnFailed(given: OnFailed | undefined, where: string): OnFailed | undefined {
  if (given === undefined || given === false) return given;
  const { name, queue } = typeof given === 'object' && given !== null ? given : { name: given, queue: 'default' };
  if (isText(name, MAX_NAME_LENGTH) && 'value' in checkQueueName(queue)) return given;
  throw new TasksConfigError(
    `${where}: "onFailed" must be the name of a task, { name: "notify_ops", queue: "alerts" }, or false.`,
  );
}

/**
 * A name that nothing here handles is a slip, in a process that handles tasks.
 * @throws TasksConfigError
 */
export function checkFollowers({ onFailed, queues, alerts }: ResolvedConfig, handlers: HandlerRegistry): void {
  checkAlertQueues(alerts, [...queues.keys()]);
  if (handlers.isEmpty) return;
  const given: Array<readonly [where: string, OnFailed | undefined]> = [
    ['"onFailed" of TasksModule', onFailed],
    ['"alerts.task"', alerts?.task],
    ...[...queues.values()].map((queue) => [`"onFailed" of queue "${queue.name}"`, queue.onFailed] as const),
    ...handlers.all().map((handler) => [`"onFailed" of ${handler.location}`, handler.onFailed] as const),
  ];
  const problems = given.flatMap(([where, name]) => {
    if (typeof name !== 'string' || handlers.get(name)) return [];
    const near = nearest(name, handlers.names());
    return [
      `${where}: no handler is registered here for task "${name}"${near ? ` (did you mean "${near}"?)` : ''}. ` +
        `Registered: ${listOf(handlers.names())}. For a task of another process give its queue too: { name, queue }.`,
    ];
  });
  if (problems.length > 0) throw new TasksConfigError(problems.join('\n'));
}

function checkAlertQueues(alerts: ResolvedAlerts | null, queues: readonly string[]): void {
  for (const { name, queue } of alerts?.rules ?? []) {
    if (queue === null || queues.includes(queue)) continue;
    throw new TasksConfigError(`"alerts.rules.${name}.queue": ${new UnknownQueueError(queue, queues).message}`);
  }
}
