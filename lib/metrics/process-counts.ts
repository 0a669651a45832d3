import { type AttemptMessage, type EnqueueMessage, listenToAttempts, listenToEnqueues } from '../channels/index.js';
import { monotonicTime } from '../clock/index.js';
import type { Family } from './exposition.js';
import { Histograms, Numbers } from './series.js';

/** What this process has done for one store, counted from the channels. */
export class ProcessCounts {
  private readonly enqueued = new Numbers();
  private readonly attempts = new Numbers();
  private readonly busy = new Numbers();
  private readonly wait = new Histograms();
  private readonly run = new Histograms();
  private readonly begun = new WeakMap<AttemptMessage, number>();
  private readonly ends: ReadonlyArray<() => void>;

  constructor(
    private readonly store: string,
    private readonly now: () => number,
  ) {
    this.ends = [
      listenToEnqueues({ end: (message) => this.countEnqueued(message) }),
      listenToAttempts({ start: (message) => this.begin(message), end: (message) => this.end(message) }),
    ];
  }

  stop(): void {
    for (const end of this.ends) end();
  }

  get families(): Family[] {
    return [
      family('tasks_enqueued_total', 'counter', 'Tasks that this process has enqueued.', this.enqueued),
      family('tasks_attempts_total', 'counter', 'Attempts that ended in this process, by outcome.', this.attempts),
      family('tasks_wait_seconds', 'histogram', 'From due to started, of attempts in this process.', this.wait),
      family('tasks_run_seconds', 'histogram', 'From started to ended, of attempts in this process.', this.run),
      family('tasks_workers_busy', 'gauge', 'Tasks that this process runs now.', this.busy),
    ];
  }

  private countEnqueued({ store, queue, tasks, error }: EnqueueMessage): void {
    if (store !== this.store || error !== undefined) return;
    for (const { name } of tasks) this.enqueued.add({ queue, name }, 1);
  }

  private begin(message: AttemptMessage): void {
    if (message.store !== this.store) return;
    const { queue, name, runAt } = message.task;
    this.begun.set(message, monotonicTime());
    this.busy.add({ queue }, 1);
    this.wait.observe({ queue, name }, Math.max(0, this.now() - runAt) / 1_000);
  }

  private end(message: AttemptMessage): void {
    const since = this.begun.get(message);
    if (since === undefined) return;
    const { queue, name } = message.task;
    this.busy.add({ queue }, -1);
    this.run.observe({ queue, name }, (monotonicTime() - since) / 1_000);
    this.attempts.add({ queue, name, outcome: message.outcome ?? 'failed' }, 1);
  }
}

function family(name: string, type: Family['type'], help: string, { samples }: Pick<Family, 'samples'>): Family {
  return { name, help, type, samples };
}
