import { checkTaskKey, isObject, isText, MAX_NAME_LENGTH, unstorable } from '../../checks/index.js';
import { type ResolvedConfig, validateTaskSettings } from '../../config/index.js';
import { listOf, messageOf, TasksConfigError, UnknownQueueError } from '../../contract/index.js';
import type { HandlerRegistry } from '../../handlers/index.js';
import { isSchema } from '../../params/index.js';
import type { FoundHandler, HandlerScanner } from './handler.scanner.js';
import { handlerRule } from './handler-rule.js';
import { keptResult } from './kept-result.js';
import { checkOnFailed } from './on-failed.js';
import { isClass, nameOf } from './provider-class.js';
import { PARAMS_AND_TASK } from './provider-instance.js';
import { queueNamed } from './queue-named.js';
import { ProviderExplorer } from './provider-explorer.js';
import type { TaskEnhancers } from '../enhancers/index.js';
import type { Stores } from './stores.js';

export interface HandlerExplorerParts {
  readonly scanner: HandlerScanner;
  readonly registry: HandlerRegistry;
  readonly config: ResolvedConfig;
  readonly stores: Stores;
  readonly enhancers: TaskEnhancers;
}

/**
 * Checks the handlers of this store that the scanner finds, and puts them into the registry.
 *
 * A class that several modules provide is one handler; it runs on the first module's instance.
 */
export class HandlerExplorer extends ProviderExplorer {
  private readonly registered = new Map<string, FoundHandler>();
  private readonly warned = new Set<string>();

  constructor(private readonly parts: HandlerExplorerParts) {
    super();
    parts.registry.whenMissing(() => this.refresh());
  }

  protected override size(): number {
    return this.parts.scanner.size();
  }

  protected override explore(): void {
    for (const found of this.parts.scanner.scan()) {
      checkName(found);
      if (this.parts.stores.isMine(found.metadata.options.store, found.location)) this.register(found);
    }
  }

  override exploreAtBoot(): void {
    super.exploreAtBoot();
    const { scanner, stores, registry } = this.parts;
    for (const { metadata, location, owner } of scanner.absent()) {
      const { name, options } = metadata;
      if (!stores.isMine(options.store, location) || registry.get(name)) continue;
      this.logger.warn(
        `What is provided in the place of ${nameOf(owner)} is nothing, so nothing here handles "${name}".`,
      );
    }
    for (const { metadata, location, original } of scanner.overridden()) {
      const { name, options } = metadata;
      if (!stores.isMine(options.store, location) || registry.get(name)) continue;
      this.logger.warn(
        `${location} overrides ${original}, which has @TaskHandler('${name}'), and has no decorator itself: nothing here ` +
          `handles "${name}". Repeat the decorator on ${location}.`,
      );
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
    const {
      params,
      queue,
      store: _store,
      aliases = [],
      version = 1,
      upgrade = {},
      result,
      unique,
      debounce,
      throttle,
      coalesce,
      limit,
      key,
      onFailed,
      ...settings
    } = metadata.options;
    const where = `@TaskHandler('${name}') on ${location}`;
    if (params !== undefined && !isSchema(params) && !isClass(params)) {
      throw new TasksConfigError(
        `${where}: "params" must be a class, or a schema that follows Standard Schema (zod, valibot, …).`,
      );
    }
    if (queue !== undefined && !this.parts.config.queues.has(queue)) {
      const { message } = new UnknownQueueError(queue, [...this.parts.config.queues.keys()]);
      throw new TasksConfigError(`${where}: ${message}`);
    }
    validateTaskSettings(settings, where);
    checkAliases(aliases, name, where);
    checkVersions(version, upgrade, where);
    if (limit !== undefined) checkLimit(limit, this.parts.config.limits, where);
    checkKey(key, where);
    if (limit !== undefined && this.booted) {
      throw new TasksConfigError(
        `${where}: a handler of a module that is loaded late has no "limit". Load it at boot.`,
      );
    }

    this.parts.registry.add({
      name,
      aliases,
      kind,
      location,
      module: wrapper.host?.name,
      queue: queue ?? null,
      params: params ?? null,
      version,
      upgrade,
      settings,
      limit: limit ?? null,
      onFailed: checkOnFailed(onFailed, where),
      result: keptResult(result, where),
      unique: handlerRule({ unique, debounce, throttle, coalesce }, where),
      ...(key !== undefined && { key }),
      call: this.parts.enhancers.callOf({
        argumentsOf: PARAMS_AND_TASK,
        wrapper,
        owner,
        method,
        location,
        metatype: isClass(params) ? params : undefined,
      }),
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
    return [queueNamed(options.queue, `@TaskHandler('${name}') on ${location}`)];
  });
}

function checkAliases(aliases: readonly string[], name: string, where: string): void {
  if (!Array.isArray(aliases)) throw new TasksConfigError(`${where}: "aliases" must be a list of names.`);
  for (const alias of aliases as unknown[]) {
    if (!isText(alias, MAX_NAME_LENGTH) || unstorable(alias) !== null) {
      throw new TasksConfigError(`${where}: "aliases" must hold names of 1 to ${MAX_NAME_LENGTH} characters.`);
    }
    if (alias === name) throw new TasksConfigError(`${where}: "aliases" has the handler's own name, "${name}".`);
  }
}

function checkLimit(limit: unknown, limits: ReadonlyMap<string, unknown>, where: string): void {
  if (typeof limit === 'string' && limits.has(limit)) return;
  const known =
    limits.size === 0 ? 'there are none yet' : `they are ${listOf([...limits.keys()].map((name) => `"${name}"`))}`;
  throw new TasksConfigError(
    `${where}: "limit" must be one of the option "limits", such as limits: { stripe: '100/s' }; ${known}.`,
  );
}

function checkKey(key: unknown, where: string): void {
  if (key === undefined) return;
  try {
    checkTaskKey(key);
  } catch (error) {
    throw new TasksConfigError(`${where}: "key" must be a text or a function of the params. ${messageOf(error)}`);
  }
}

function checkVersions(version: unknown, upgrade: unknown, where: string): void {
  if (!Number.isInteger(version) || (version as number) < 1) {
    throw new TasksConfigError(`${where}: "version" must be a whole number from 1 on.`);
  }
  if (!isObject(upgrade)) {
    throw new TasksConfigError(`${where}: "upgrade" must be an object, such as { 1: (params) => ({ ...params }) }.`);
  }
  for (const [from, step] of Object.entries(upgrade)) {
    if (typeof step !== 'function') throw new TasksConfigError(`${where}: "upgrade.${from}" must be a function.`);
    const number = Number(from);
    if (Number.isInteger(number) && number >= 1 && number < (version as number)) continue;
    throw new TasksConfigError(
      `${where}: "upgrade.${from}" never runs: it must be a version before that of the handler, which is ${String(version)}.`,
    );
  }
}

function checkName({ metadata: { name }, location }: FoundHandler): void {
  if (!isText(name, MAX_NAME_LENGTH)) {
    throw new TasksConfigError(
      `The name in @TaskHandler on ${location} is not valid: a task's name is a text of 1 to ${MAX_NAME_LENGTH} characters.`,
    );
  }
  const problem = unstorable(name);
  if (problem !== null) throw new TasksConfigError(`The name in @TaskHandler on ${location} ${problem}.`);
}
