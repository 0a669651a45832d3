import { checkMetricsQuery, checkQueue, checkTaskName, parseDuration } from '../checks/index.js';
import type { ResolvedConfig } from '../config/index.js';
import { type MetricPoint, UnknownQueueError } from '../contract/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import { FlowOperations } from './flow-operations.js';
import { afterSettled, MetricsMemory } from './metrics-memory.js';
import type { QueueStats, TaskMetrics, TaskMetricsQuery } from './operations.types.js';
import { metricsSeries, metricsSpan, queueStats, RECENT_MS, taskMetrics } from './task-stats.js';

const DEFAULT_WINDOW = '1h';
const MAX_WINDOW_MS = 30 * 24 * 60 * 60 * 1_000;
const MIN_WINDOW_MS = 60_000;

/** Reads and steers the queues of the store. */
export class QueueOperations {
  private readonly metricsMemory = new MetricsMemory();
  readonly flow: FlowOperations;

  constructor(
    private readonly engine: Pick<TaskEngine, 'kind' | 'inspecting' | 'acting' | 'keying'>,
    private readonly config: ResolvedConfig,
  ) {
    this.flow = new FlowOperations(engine, (queue) => this.checkStored(queue));
  }

  /** Starts no more tasks of the queue, in any process, until it is resumed; running ones go on. @throws UnknownQueueError */
  async pause(queue: string): Promise<void> {
    await this.checkStored(queue);
    await this.engine.acting.pauseQueue(queue);
  }

  /** Takes the pause back. @throws UnknownQueueError */
  async resume(queue: string): Promise<void> {
    await this.checkStored(queue);
    await this.engine.acting.resumeQueue(queue);
  }

  /** Every queue as it stands: depth by state, workers, settings, rates and latency. */
  async stats(): Promise<QueueStats[]> {
    const now = this.config.clock.now();
    const [depths, points, workers] = await Promise.all([
      this.engine.inspecting.queues(),
      this.engine.inspecting.metrics({ from: now - RECENT_MS, to: now }),
      this.engine.inspecting.workers(),
    ]);
    return queueStats(this.config, depths, points, workers);
  }

  /**
   * Throughput, failures, waiting and running time over a window that ends now.
   * @param isCounted asked for each queue and name of tasks, which is empty where the engine does not count by it. Default: all are
   * @throws InvalidArgumentError, UnknownQueueError
   */
  async metrics(
    query: TaskMetricsQuery = {},
    isCounted?: (queue: string, name: string) => Promise<boolean>,
  ): Promise<TaskMetrics> {
    const { queue, name, by, histograms = false, window = DEFAULT_WINDOW } = checkMetricsQuery(query);
    const length = parseDuration(window, 'window', { min: MIN_WINDOW_MS, max: MAX_WINDOW_MS });
    if (queue !== undefined) await this.checkStored(queue);
    const to = this.config.clock.now();
    const { from, step } = metricsSpan(to, length);
    const key = JSON.stringify([queue, name, by, histograms, length]);
    const known = isCounted ? null : this.metricsMemory.settled(key, from, step, to);
    const fresh = from + (known?.points.length ?? 0) * step;
    const all = await this.engine.inspecting.metrics({
      from: fresh,
      to,
      step,
      ...(queue !== undefined && { queue }),
      ...(name !== undefined && { name: checkTaskName(name) }),
    });
    const read = isCounted ? await those(all, isCounted) : all;
    const metrics = taskMetrics(to, length, read, histograms);
    const series = by === undefined ? null : metricsSeries(metrics, read, by);
    const answer = afterSettled(known, { ...metrics, ...(series && { series }) });
    if (!isCounted) this.metricsMemory.remember(key, answer);
    return answer;
  }

  /** A queue that no configuration knows any more may still hold tasks. */
  private async checkStored(queue: string): Promise<void> {
    if (this.config.queues.has(checkQueue(queue))) return;
    const stored = await this.engine.inspecting.queues();
    if (stored.some((depth) => depth.queue === queue)) return;
    throw new UnknownQueueError(queue, [...this.config.queues.keys()]);
  }
}

async function those(
  points: readonly MetricPoint[],
  isCounted: (queue: string, name: string) => Promise<boolean>,
): Promise<MetricPoint[]> {
  const kept: MetricPoint[] = [];
  for (const point of points) if (await isCounted(point.queue, point.name)) kept.push(point);
  return kept;
}
