import type { ScheduleStatus } from '../contract/index.js';
import type { OutboxStatus, QueueStats } from '../operations/index.js';
import type { Family, Labels } from './exposition.js';

/** What a store holds at one moment. */
export interface StoreFigures {
  readonly now: number;
  readonly queues: readonly QueueStats[];
  readonly outbox: OutboxStatus;
  readonly crons: readonly ScheduleStatus[];
}

/** Every process says the same of these: summed over processes they would be too much, so they are marked. */
const STORE: Labels = { scope: 'store' };

export function storeGauges({ now, queues, outbox, crons }: StoreFigures): Family[] {
  const own = queues.filter(({ foreign }) => !foreign);
  return [
    gauge(
      'tasks_queue_depth',
      'Tasks of a queue by state.',
      own.flatMap(({ queue, counts }) =>
        Object.entries(counts).map(([state, count]) => [{ queue, state }, count] as const),
      ),
    ),
    gauge(
      'tasks_queue_latency_seconds',
      'How long the task that has been due for longest has waited; 0 where none is.',
      own.map(({ queue, oldestAvailableAt: at }) => [{ queue }, at === null ? 0 : age(now, at)]),
    ),
    gauge(
      'tasks_queue_paused',
      '1 where a queue is paused.',
      own.map(({ queue, paused }) => [{ queue }, Number(paused)]),
    ),
    gauge(
      'tasks_held',
      'Tasks that wait for others of their key.',
      own.map(({ queue, counts }) => [{ queue }, counts.held ?? 0]),
    ),
    gauge(
      'tasks_workers',
      'Workers of all live processes.',
      own.map(({ queue, workers }) => [{ queue }, workers]),
    ),
    gauge(
      'tasks_outbox_waiting',
      "Tasks that wait in the app's database to be handed over to the store.",
      outbox.queues.map(({ queue, waiting }) => [{ queue }, waiting]),
    ),
    gauge(
      'tasks_outbox_oldest_seconds',
      'How long the first of them has waited.',
      outbox.queues.map(({ queue, oldestAt }) => [{ queue }, age(now, oldestAt)]),
    ),
    gauge(
      'tasks_cron_late_seconds',
      'How late the next run of a schedule is that ticks; 0 where it is not.',
      crons.map((cron) => [{ name: cron.name }, lateness(cron, now)]),
    ),
  ];
}

function gauge(name: string, help: string, values: ReadonlyArray<readonly [Labels, number]>): Family {
  return {
    name,
    help,
    type: 'gauge',
    samples: values.map(([labels, value]) => ({ labels: { ...labels, ...STORE }, value })),
  };
}

function lateness({ paused, disabled, nextRunAt }: ScheduleStatus, now: number): number {
  return paused || disabled || nextRunAt === null ? 0 : age(now, nextRunAt);
}

function age(now: number, at: number): number {
  return Math.max(0, now - at) / 1_000;
}
