import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AttemptOutcome } from '../../../../contract/index.js';

/** An attempt that has ended. The one that runs stands in its task's row. */
@Entity({ name: 'tasks_attempt', synchronize: false })
export class AttemptEntity {
  /** `seq` of its task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  @PrimaryColumn({ name: 'attempt', type: 'integer' })
  attempt!: number;

  @Column({ name: 'worker', type: 'text' })
  worker!: string;

  @Column({ name: 'started_at', type: 'integer' })
  startedAt!: number;

  @Column({ name: 'finished_at', type: 'integer' })
  finishedAt!: number;

  @Column({ name: 'outcome', type: 'text' })
  outcome!: AttemptOutcome;

  @Column({ name: 'error_name', type: 'text', nullable: true })
  errorName!: string | null;

  @Column({ name: 'error_message', type: 'text', nullable: true })
  errorMessage!: string | null;

  @Column({ name: 'error_stack', type: 'text', nullable: true })
  errorStack!: string | null;
}
