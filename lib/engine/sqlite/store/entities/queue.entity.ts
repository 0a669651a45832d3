import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TaskState } from '../../../../contract/index.js';

/** Facts about one queue that all processes share: whether it is paused, and until when nothing of it starts. */
@Entity({ name: 'tasks_queue', synchronize: false })
export class QueueEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'paused_at', type: 'integer', nullable: true })
  pausedAt!: number | null;

  /** Of the time when limits were counted by fixed spans. */
  @Column({ name: 'rate_started_at', type: 'integer', default: 0 })
  rateStartedAt!: number;

  @Column({ name: 'rate_count', type: 'integer', default: 0 })
  rateCount!: number;

  /** 1 once a task with a key has come to it. */
  @Column({ name: 'keyed', type: 'integer', nullable: true })
  keyed!: number | null;

  /** JSON of the `QueueFlow` that the configuration of a process has declared; null where none has. */
  @Column({ name: 'flow', type: 'text', nullable: true })
  flow!: string | null;

  /** JSON of the part of it that was set since, which wins; null where nothing was. */
  @Column({ name: 'flow_set', type: 'text', nullable: true })
  flowSet!: string | null;

  /** When somebody was told to wait; null: never. */
  @Column({ name: 'closed_at', type: 'integer', nullable: true })
  closedAt!: number | null;

  /** Until when nothing of it starts; null or past: nothing is in the way. */
  @Column({ name: 'closed_until', type: 'integer', nullable: true })
  closedUntil!: number | null;
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
