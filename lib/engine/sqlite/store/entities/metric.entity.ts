import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Counts and times of the tasks of one name and queue in one minute; kept when the tasks themselves are pruned. */
@Entity({ name: 'tasks_metric', synchronize: false })
export class MetricEntity {
  /** Start of the minute, UTC milliseconds. */
  @PrimaryColumn({ name: 'minute', type: 'integer' })
  minute!: number;

  @PrimaryColumn({ name: 'queue', type: 'text' })
  queue!: string;

  /** Name of the tasks; empty where it was not counted by name yet. */
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'completed', type: 'integer' })
  completed!: number;

  @Column({ name: 'failed', type: 'integer' })
  failed!: number;

  @Column({ name: 'retried', type: 'integer' })
  retried!: number;

  @Column({ name: 'cancelled', type: 'integer' })
  cancelled!: number;

  @Column({ name: 'wait_total', type: 'integer' })
  waitTotal!: number;

  /** JSON array: see `MetricPoint`. */
  @Column({ name: 'wait_histogram', type: 'text' })
  waitHistogram!: string;

  @Column({ name: 'run_total', type: 'integer' })
  runTotal!: number;

  @Column({ name: 'run_histogram', type: 'text' })
  runHistogram!: string;
}
