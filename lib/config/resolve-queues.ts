import { type QueueFlow, TasksConfigError } from '../contract/index.js';
import { DEFAULT_CONCURRENCY, DEFAULT_QUEUE } from './defaults.js';
import type { CheckedOptions, CheckedQueue } from './module-options.js';
import { checkQueueName } from '../checks/index.js';
import type { QueueConfig, ResolvedConfig, TaskSettings } from './resolved-config.js';
import { overlaySettings } from './task-settings.js';

type Workers = CheckedOptions['workers'];

/** Every queue that `file` or `code` names, with its concurrency in this process and its settings over `defaults`. */
export function resolveQueues(
  file: CheckedOptions,
  code: CheckedOptions,
  merged: CheckedOptions,
  defaults: TaskSettings,
): Map<string, QueueConfig> {
  const queues = new Map<string, QueueConfig>();
  for (const name of knownQueues(file.workers, code.workers, merged)) {
    const options = merged.queues?.get(name);
    queues.set(name, {
      name,
      concurrency: concurrencyOf(name, merged.workers, options?.concurrency),
      settings: overlaySettings(defaults, options),
      rateLimit: options?.rateLimit ?? null,
      flow: flowOf(options),
      ...(options?.onFailed !== undefined && { onFailed: options.onFailed }),
    });
  }
  return queues;
}

/**
 * A map of workers names queues even where the other source overrides it: a process that only enqueues
 * (`workers: false` in code) knows the queues of the file.
 */
function knownQueues(fileWorkers: Workers, codeWorkers: Workers, merged: CheckedOptions): Set<string> {
  const maps = [fileWorkers, codeWorkers].filter((workers) => workers instanceof Map);
  return new Set([DEFAULT_QUEUE, ...maps.flatMap((map) => [...map.keys()]), ...(merged.queues?.keys() ?? [])]);
}

/** What a queue lets run, in the one order of its parts: whether it has changed is told by its text. */
function flowOf({ key, fair, globalConcurrency }: CheckedQueue = {}): QueueFlow | null {
  const weights =
    key?.weights && key.weights.size > 0 ? Object.fromEntries([...key.weights].toSorted(byName)) : undefined;
  const flow: QueueFlow = {
    ...(key?.concurrency !== undefined && { keyConcurrency: key.concurrency }),
    ...(key?.rateLimit && { keyRateLimit: key.rateLimit }),
    ...(fair && { fair }),
    ...(weights && { weights }),
    ...(globalConcurrency !== undefined && { globalConcurrency }),
  };
  return Object.keys(flow).length > 0 ? flow : null;
}

function byName([one]: [string, number], [other]: [string, number]): number {
  return one < other ? -1 : 1;
}

function concurrencyOf(name: string, workers: Workers, ofQueue: number | undefined): number {
  if (workers === false) return 0;
  if (typeof workers === 'number') return workers;
  if (workers) return workers.get(name) ?? ofQueue ?? 0;
  return ofQueue ?? DEFAULT_CONCURRENCY;
}

/** See {@link ResolvedConfig.handlerQueueConcurrency}. */
export function concurrencyOfHandlerQueues(workers: Workers): number {
  return concurrencyOf('', workers, undefined);
}

/**
 * Makes the queues that handlers name known, where the configuration does not know them yet.
 *
 * @returns `config` itself where it knows them all
 * @throws TasksConfigError for a name that no queue can have
 */
export function withHandlerQueues(config: ResolvedConfig, names: readonly string[]): ResolvedConfig {
  const unknown = [...new Set(names)].filter((name) => !config.queues.has(name));
  if (unknown.length === 0) return config;
  const queues = new Map(config.queues);
  for (const name of unknown) {
    const checked = checkQueueName(name);
    if ('problem' in checked) throw new TasksConfigError(`The queue of a handler ${checked.problem}.`);
    const concurrency = config.handlerQueueConcurrency;
    queues.set(name, { name, concurrency, settings: config.defaults, rateLimit: null, flow: null });
  }
  return { ...config, queues };
}
