import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A line that a handler logged. */
@Entity({ name: 'tasks_log', synchronize: false })
export class LogEntity {
  @PrimaryColumn({ name: 'id', type: 'integer' })
  id!: number;

  /** `seq` of its task. */
  @Column({ name: 'task', type: 'integer' })
  task!: number;

  @Column({ name: 'attempt', type: 'integer' })
  attempt!: number;

  @Column({ name: 'at', type: 'integer' })
  at!: number;

  @Column({ name: 'message', type: 'text' })
  message!: string;
}
