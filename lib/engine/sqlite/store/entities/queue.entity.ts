import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TaskState } from '../../../../contract/index.js';

/** Facts about one queue that all processes share: whether it is paused, and its rate limit's window. */
@Entity({ name: 'tasks_queue', synchronize: false })
export class QueueEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'paused_at', type: 'integer', nullable: true })
  pausedAt!: number | null;

  @Column({ name: 'rate_started_at', type: 'integer', default: 0 })
  rateStartedAt!: number;

  @Column({ name: 'rate_count', type: 'integer', default: 0 })
  rateCount!: number;
}

/** Number of tasks of one queue in one state, kept by every statement that moves a task. */
@Entity({ name: 'tasks_count', synchronize: false })
export class CountEntity {
  @PrimaryColumn({ name: 'queue', type: 'text' })
  queue!: string;

  @PrimaryColumn({ name: 'state', type: 'text' })
  state!: TaskState;

  @Column({ name: 'count', type: 'integer' })
  count!: number;
}
