import { checkQueueName, validateTaskSettings } from '../config/index.js';
import type { ResolvedConfig } from '../config/resolved-config.js';
import { TasksConfigError, UnknownQueueError } from '../errors/index.js';
import type { TaskContext } from '../runner/index.js';
import type { HandlerRegistry } from './handler.registry.js';
import { isClass, type FoundHandler, type HandlerScanner } from './handler.scanner.js';
import { ProviderExplorer } from './provider-explorer.js';
import { instanceFor } from './provider-instance.js';
import type { Stores } from './stores.js';

const LONGEST_NAME = 200;

/**
 * Checks the handlers of this store that the scanner finds, and puts them into the registry.
 *
 * A class that several modules provide is one handler; it runs on the first module's instance.
 */
export class HandlerExplorer extends ProviderExplorer {
  private readonly registered = new Map<string, FoundHandler>();
  private readonly warned = new Set<string>();

  constructor(
    private readonly scanner: HandlerScanner,
    private readonly registry: HandlerRegistry,
    private readonly config: ResolvedConfig,
    private readonly stores: Stores,
  ) {
    super();
    registry.whenMissing(() => this.refresh());
  }

  protected override size(): number {
    return this.scanner.size();
  }

  protected override explore(): void {
    for (const found of this.scanner.scan()) {
      checkName(found);
      if (this.stores.isMine(found.metadata.options.store, found.location)) this.register(found);
    }
  }

  private register(found: FoundHandler): void {
    const { kind, metadata, owner, method, location, wrapper } = found;
    const { name } = metadata;
    const known = this.registered.get(name);
    if (known?.owner === owner && known.method === method) {
      this.warnOfSecondModule(known, found);
      return;
    }
    const { params, queue, store: _store, ...settings } = metadata.options;
    const where = `@TaskHandler('${name}') on ${location}`;
    if (params !== undefined && !isClass(params)) throw new TasksConfigError(`${where}: "params" must be a class.`);
    if (queue !== undefined && !this.config.queues.has(queue)) {
      const { message } = new UnknownQueueError(queue, [...this.config.queues.keys()]);
      throw new TasksConfigError(`${where}: ${message}`);
    }
    validateTaskSettings(settings, where);

    this.registry.add({
      name,
      kind,
      location,
      module: wrapper.host?.name,
      queue: queue ?? null,
      params: params ?? null,
      settings,
      call: (given: object, task: TaskContext) => {
        const handle = (instance: object): unknown =>
          (instance as Record<string, (...args: unknown[]) => unknown>)[method]!(given, task);
        const made = instanceFor(wrapper, task);
        return made instanceof Promise ? made.then(handle) : handle(made);
      },
    });
    this.registered.set(name, found);
  }

  private warnOfSecondModule(first: FoundHandler, second: FoundHandler): void {
    const [home, other] = [first.wrapper.host, second.wrapper.host];
    const key = `${first.location}:${other?.token}`;
    if (home === other || this.warned.has(key)) return;
    this.warned.add(key);
    this.logger.warn(
      `${first.location} is provided by ${home?.name} and by ${other?.name}: its tasks run on the instance of ` +
        `${home?.name}. Provide it once, and export it where others need it.`,
    );
  }
}

/** Queues that this store's handlers name, as far as their classes tell. @throws TasksConfigError for one that cannot be */
export function handlerQueues(scanner: HandlerScanner, stores: Stores): string[] {
  return scanner.scan().flatMap(({ metadata: { name, options }, location }) => {
    if (options.queue === undefined || !stores.isMine(options.store, location)) return [];
    const checked = checkQueueName(options.queue);
    if ('problem' in checked) {
      throw new TasksConfigError(`@TaskHandler('${name}') on ${location}: "queue" ${checked.problem}.`);
    }
    return [checked.value];
  });
}

function checkName({ metadata: { name }, location }: FoundHandler): void {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= LONGEST_NAME) return;
  throw new TasksConfigError(
    `The name in @TaskHandler on ${location} is not valid: a task's name is a text of 1 to ${LONGEST_NAME} characters.`,
  );
}
