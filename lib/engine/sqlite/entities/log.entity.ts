import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A line that a handler logged. */
@Entity({ name: 'tasks_log', synchronize: false })
export class LogEntity {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  /** `seq` of its task. */
  @Column({ type: 'integer' })
  task!: number;

  @Column({ type: 'integer' })
  attempt!: number;

  @Column({ type: 'integer' })
  at!: number;

  @Column({ type: 'text' })
  message!: string;
}
