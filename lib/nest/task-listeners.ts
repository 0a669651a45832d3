import { ContextIdFactory } from '@nestjs/core';
import { shownValue } from '../checks/index.js';
import type { ResolvedConfig } from '../config/index.js';
import { inCleanContext } from '../context/index.js';
import { listOf, messageOf, nearest, type TaskEvent, TasksConfigError, UnknownQueueError } from '../contract/index.js';
import { isInTime } from '../engine/common/index.js';
import type { EngineLogger, TaskEngine } from '../engine/port/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import type { FoundListener, ListenerScanner } from './discovery/listener.scanner.js';
import type { OnTaskEventOptions } from './decorators/index.js';
import { instanceIn } from './discovery/provider-instance.js';

export interface TaskListenersParts {
  readonly scanner: ListenerScanner;
  readonly engine: Pick<TaskEngine, 'kind' | 'watching'>;
  readonly config: Pick<ResolvedConfig, 'queues'>;
  readonly registry: Pick<HandlerRegistry, 'get' | 'names'>;
  readonly logger: Pick<EngineLogger, 'warn' | 'error'>;
}

/** The methods of the app that are told what this process does to tasks. Where there are none, the engine notes nothing. */
export class TaskListeners {
  private readonly calls = new Set<Promise<void>>();

  constructor(private readonly parts: TaskListenersParts) {}

  /** @throws TasksConfigError for a queue that there is not, and where the engine tells nothing */
  listen(): void {
    const { scanner, engine } = this.parts;
    const found = scanner.scan();
    if (found.length === 0) return;
    for (const listener of found) this.check(listener);
    if (!engine.watching.hear) {
      throw new TasksConfigError(
        `@OnTaskEvent on ${found[0]!.location}: the engine "${engine.kind}" does not tell what happens to tasks. ` +
          'Have a task follow their failure (the option "onFailed"), or take another engine.',
      );
    }
    engine.watching.hear((events) => {
      for (const event of events)
        for (const listener of found) if (this.isMeant(listener, event)) this.call(listener, event);
    });
  }

  /** Waits for those that are at it. @param grace milliseconds */
  async settle(grace: number): Promise<void> {
    if (this.calls.size > 0) await isInTime(Promise.all(this.calls), grace);
  }

  private check({ metadata: { event, options }, location }: FoundListener): void {
    const where = `@OnTaskEvent('${event}') on ${location}`;
    const { config, registry, logger } = this.parts;
    checkOptions(options, where);
    const { queue, name } = options;
    if (queue !== undefined && !config.queues.has(queue)) {
      throw new TasksConfigError(`${where}: ${new UnknownQueueError(queue, [...config.queues.keys()]).message}`);
    }
    // It may be told of tasks that other processes handle, as it cancels them or finds them lost.
    if (name === undefined || registry.get(name)) return;
    const near = nearest(name, registry.names());
    logger.warn(`${where}: nothing here handles "${name}".${near ? ` Did you mean "${near}"?` : ''}`);
  }

  private isMeant({ metadata }: FoundListener, { event, task }: TaskEvent): boolean {
    const { queue, name } = metadata.options;
    if (event !== metadata.event || (queue !== undefined && queue !== task.queue)) return false;
    return name === undefined || name === task.name || name === this.parts.registry.get(task.name)?.name;
  }

  private call(listener: FoundListener, event: TaskEvent): void {
    const call = inCleanContext(callOf, listener, event).catch((error: unknown) => {
      const { id, name } = event.task;
      this.parts.logger.error(
        `${listener.location}, told that task ${id} (${name}) ${TOLD[event.event]}: ${messageOf(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
    });
    this.calls.add(call);
    void call.finally(() => this.calls.delete(call));
  }
}

const OPTIONS = ['queue', 'name', 'store'] as const satisfies ReadonlyArray<keyof OnTaskEventOptions>;

/** What is not known would narrow nothing, and the listener be told of every task. */
function checkOptions(options: OnTaskEventOptions, where: string): void {
  const known: readonly string[] = OPTIONS;
  for (const [key, value] of Object.entries(options) as Array<[string, unknown]>) {
    if (!known.includes(key)) {
      const near = nearest(key, known);
      throw new TasksConfigError(
        `${where}: "${key}" is not an option.${near ? ` Did you mean "${near}"?` : ` Possible here: ${listOf(known)}.`}`,
      );
    }
    if (value !== undefined && typeof value !== 'string') {
      throw new TasksConfigError(`${where}: "${key}" must be a name, not ${shownValue(value)}.`);
    }
  }
}

const TOLD: Readonly<Record<TaskEvent['event'], string>> = {
  completed: 'has completed',
  failed: 'has failed',
  retried: 'is retried',
  cancelled: 'was cancelled',
  lost: 'was lost',
};

async function callOf({ wrapper, method }: FoundListener, event: TaskEvent): Promise<void> {
  const instance = await instanceIn(wrapper, event, ContextIdFactory.create());
  await (instance as Record<string, (event: TaskEvent) => unknown>)[method]!(event);
}
