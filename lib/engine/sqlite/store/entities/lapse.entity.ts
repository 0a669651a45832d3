import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The next time at which something ends a task that waits. */
@Entity({ name: 'tasks_lapse', synchronize: false })
export class LapseEntity {
  /** `seq` of the task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  @Column({ name: 'at', type: 'integer' })
  at!: number;
}
