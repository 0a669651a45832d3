import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What happened on one queue in one minute; kept when the tasks themselves are pruned. */
@Entity({ name: 'tasks_metric', synchronize: false })
export class MetricEntity {
  /** Start of the minute, UTC milliseconds. */
  @PrimaryColumn({ type: 'integer' })
  minute!: number;

  @PrimaryColumn({ type: 'text' })
  queue!: string;

  @Column({ type: 'integer' })
  completed!: number;

  @Column({ type: 'integer' })
  failed!: number;

  @Column({ type: 'integer' })
  retried!: number;

  @Column({ type: 'integer' })
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
