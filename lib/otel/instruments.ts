import type { Attributes, Counter, Histogram, Meter, ObservableResult } from '@opentelemetry/api';
import type { AttemptKind } from './attempt-kinds.js';

/** Upper bounds in seconds, as the conventions give them. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Tasks wait longer than messages, and some run longer. */
const LONG_BOUNDS = [...BOUNDS, 30, 60, 300, 1_800, 3_600];

/** The conventions' metrics of messaging, and one of our own: how long tasks have waited. */
export class Instruments {
  private readonly sent: Counter;
  private readonly sending: Histogram;
  /** By what they have in common. Told when the metrics are collected: to add each would cost more than to count it. */
  private readonly consumed = new Map<Attributes, number>();
  private readonly processing: Histogram;
  private readonly waiting: Histogram;

  constructor(meter: Meter) {
    const seconds = (boundaries: number[]): object => ({ unit: 's', advice: { explicitBucketBoundaries: boundaries } });
    this.sent = meter.createCounter('messaging.client.sent.messages', {
      description: 'Tasks that this process has tried to enqueue.',
      unit: '{message}',
    });
    this.sending = meter.createHistogram('messaging.client.operation.duration', {
      description: 'How long enqueueing took, until the tasks were stored.',
      ...seconds(BOUNDS),
    });
    const consumed = meter.createObservableCounter('messaging.client.consumed.messages', {
      description: 'Attempts that began in this process.',
      unit: '{message}',
    });
    consumed.addCallback((result: ObservableResult) => {
      for (const [attributes, count] of this.consumed) result.observe(count, attributes);
    });
    this.processing = meter.createHistogram('messaging.process.duration', {
      description: 'How long attempts took.',
      ...seconds(LONG_BOUNDS),
    });
    this.waiting = meter.createHistogram('messaging.nestjs_tasks.wait.duration', {
      description: 'From when a task was due to when an attempt began.',
      ...seconds(LONG_BOUNDS),
    });
  }

  enqueued(count: number, seconds: number, attributes: Attributes): void {
    if (count > 0) this.sent.add(count, attributes);
    this.sending.record(seconds, attributes);
  }

  begun(seconds: number, { common, waited }: AttemptKind): void {
    this.consumed.set(common, (this.consumed.get(common) ?? 0) + 1);
    this.waiting.record(seconds, waited);
  }

  ended(seconds: number, attributes: Attributes): void {
    this.processing.record(seconds, attributes);
  }
}
