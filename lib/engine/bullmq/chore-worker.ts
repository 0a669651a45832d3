import { clearInterval, setInterval } from '../../clock/index.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';

/** How often a process that knows of none looks whether others have stored one. */
const LOOK_EVERY_MS = 5_000;

/**
 * A worker for jobs of the library itself that most stores never have: each process of the store has one from when it knows
 * that some process has stored such a job, with workers of its own or without.
 */
export class ChoreWorker {
  private worker: ReturnType<QueueSet['worker']> | null = null;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param field of the registry, by which processes tell each other
   * @param make the worker
   */
  constructor(
    private readonly set: QueueSet,
    private readonly registry: Registry,
    private readonly field: string,
    private readonly make: () => ReturnType<QueueSet['worker']>,
  ) {}

  /** Takes part from now on, or as soon as any process uses it. */
  async open(): Promise<void> {
    await this.look();
    if (this.worker) return;
    this.timer = setInterval(() => void this.look().catch(() => undefined), LOOK_EVERY_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    if (this.worker) await this.set.end(this.worker);
  }

  /** Before such a job is stored. */
  async use(): Promise<void> {
    if (!this.worker) await this.registry.declare({ [this.field]: '1' });
    this.start();
  }

  start(): void {
    if (this.worker) return;
    clearInterval(this.timer);
    this.worker = this.make();
  }

  private async look(): Promise<void> {
    if ((await this.registry.get(this.field)) !== undefined) this.start();
  }
}
