import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AttemptOutcome } from '../../task.js';

/** An attempt that has ended. The one that runs stands in its task's row. */
@Entity({ name: 'tasks_attempt', synchronize: false })
export class AttemptEntity {
  /** `seq` of its task. */
  @PrimaryColumn({ type: 'integer' })
  task!: number;

  @PrimaryColumn({ type: 'integer' })
  attempt!: number;

  @Column({ type: 'text' })
  worker!: string;

  @Column({ name: 'started_at', type: 'integer' })
  startedAt!: number;

  @Column({ name: 'finished_at', type: 'integer' })
  finishedAt!: number;

  @Column({ type: 'text' })
  outcome!: AttemptOutcome;

  @Column({ name: 'error_name', type: 'text', nullable: true })
  errorName!: string | null;

  @Column({ name: 'error_message', type: 'text', nullable: true })
  errorMessage!: string | null;

  @Column({ name: 'error_stack', type: 'text', nullable: true })
  errorStack!: string | null;
}
