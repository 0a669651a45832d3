import { checkKeysQuery, checkOwnId, checkPriority, checkQueueChange, checkRateLimit } from '../checks/index.js';
import type { KeyPage, RateLimit } from '../contract/index.js';
import { InvalidArgumentError } from '../contract/index.js';
import { noKeys } from '../config/index.js';
import type { Keying, TaskEngine } from '../engine/port/index.js';
import type { KeysQuery, QueueChange } from './operations.types.js';

/** What queues let run, and the keys of their tasks. */
export class FlowOperations {
  constructor(
    private readonly engine: Pick<TaskEngine, 'kind' | 'keying'>,
    private readonly checkStored: (queue: string) => Promise<void>,
  ) {}

  /** Resolves once the tasks of the queue obey. @throws InvalidArgumentError, UnknownQueueError */
  async set(queue: string, change: QueueChange): Promise<void> {
    const { key, concurrency, globalConcurrency, rateLimit } = checkQueueChange(change);
    await this.checkStored(queue);
    if (rateLimit !== undefined && !this.engine.keying) throw noRate(this.engine.kind);
    const parts = {
      keyConcurrency: key?.concurrency,
      keyRateLimit: checkRate('key.rateLimit', key?.rateLimit),
      concurrency,
      globalConcurrency,
      rateLimit: checkRate('rateLimit', rateLimit),
    };
    const changed = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
    await this.keying(key ? 'key' : concurrency === undefined ? 'globalConcurrency' : 'concurrency').setFlow(
      queue,
      changed,
    );
  }

  /** @throws InvalidArgumentError, UnknownQueueError */
  async keys(queue: string, query: KeysQuery = {}): Promise<KeyPage> {
    const page = checkKeysQuery(query);
    await this.checkStored(queue);
    if (!this.engine.keying) return { queue, flow: {}, keys: [], next: null };
    return this.engine.keying.keys(queue, page);
  }

  /** Resolves to how many tasks of the key waited. @throws InvalidArgumentError, UnknownQueueError */
  async setKeyPriority(queue: string, key: string, priority: number): Promise<number> {
    checkOwnId(key, 'key');
    checkPriority(priority);
    await this.checkStored(queue);
    return this.keying('key').setKeyPriority(queue, key, priority);
  }

  private keying(option: 'key' | 'concurrency' | 'globalConcurrency'): Keying {
    if (this.engine.keying) return this.engine.keying;
    const { kind } = this.engine;
    const why =
      option === 'key'
        ? `"key" cannot be changed, as ${noKeys(kind)}`
        : `"${option}" cannot be changed on the engine "${kind}": say it under "queues" in the options of the processes that work on it.`;
    throw new InvalidArgumentError(option, why);
  }
}

function checkRate(field: string, given: string | null | undefined): RateLimit | null | undefined {
  if (given === null || given === undefined) return given;
  const checked = checkRateLimit(given);
  if ('value' in checked) return checked.value;
  throw new InvalidArgumentError(field, `${field} ${checked.problem}, or null for that of the configuration.`);
}

function noRate(kind: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'rateLimit',
    `"rateLimit" cannot be changed at run time: the engine "${kind}" goes by that of the options. Change it there, or use the ` +
      'embedded engine.',
  );
}
