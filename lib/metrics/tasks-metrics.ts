import type { OnApplicationShutdown } from '@nestjs/common';
import type { ResolvedConfig } from '../config/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import { isInTime } from '../engine/common/index.js';
import type { Operations } from '../operations/index.js';
import { CONTENT_TYPE, exposition, type Family } from './exposition.js';
import { ProcessCounts } from './process-counts.js';
import { storeGauges } from './store-gauges.js';

/** How long the store may take; a scrape gives up after ten seconds as a rule. */
const PATIENCE_MS = 5_000;

export interface TasksMetricsParts {
  readonly config: Pick<ResolvedConfig, 'name' | 'clock' | 'metrics'>;
  readonly operations: Pick<Operations, 'queues' | 'store'>;
  readonly engine: Pick<TaskEngine, 'scheduling'>;
}

/**
 * A store's metrics and this process's, as Prometheus reads them.
 *
 * What this process does is counted from the boot on with the option `metrics: true`, and from the first call of {@link text} on
 * without it.
 *
 * @publicApi
 */
export class TasksMetrics implements OnApplicationShutdown {
  /** The media type of {@link text}, for the header `Content-Type`. */
  readonly contentType = CONTENT_TYPE;
  private counts: ProcessCounts | null = null;

  /** @internal Made by `TasksModule`. */
  constructor(private readonly parts: TasksMetricsParts) {
    if (parts.config.metrics !== false) this.start();
  }

  /** All metrics in Prometheus's text format. Where the store does not answer, `tasks_store_up` is 0 and its gauges are absent. */
  async text(): Promise<string> {
    const counts = this.start();
    const ofStore = await this.gaugesInTime();
    const up = { name: 'tasks_store_up', help: '1 where the store answers this process.', type: 'gauge' as const };
    const families: Family[] = [
      { ...up, samples: [{ labels: {}, value: ofStore ? 1 : 0 }] },
      ...(ofStore ?? []),
      ...counts.families,
    ];
    return exposition(families.map((family) => this.withStore(family)));
  }

  /** @internal Called by Nest. */
  onApplicationShutdown(): void {
    this.counts?.stop();
  }

  private start(): ProcessCounts {
    const { name, clock } = this.parts.config;
    return (this.counts ??= new ProcessCounts(name, () => clock.now()));
  }

  private async gaugesInTime(): Promise<Family[] | null> {
    let families: Family[] | null = null;
    const asked = this.gauges().then((found) => (families = found));
    await isInTime(asked, PATIENCE_MS).catch(() => false);
    return families;
  }

  private async gauges(): Promise<Family[]> {
    const { operations, engine, config } = this.parts;
    const [queues, outbox, crons] = await Promise.all([
      operations.queues.stats(),
      operations.store.outbox(),
      engine.scheduling.all(),
    ]);
    return storeGauges({ now: config.clock.now(), queues, outbox, crons });
  }

  /** Where a process has several stores, each has its name on what it says. */
  private withStore(family: Family): Family {
    const { name } = this.parts.config;
    if (name === 'default') return family;
    return {
      ...family,
      samples: family.samples.map((sample) => ({ ...sample, labels: { ...sample.labels, store: name } })),
    };
  }
}
