import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a task's handler returned. */
@Entity({ name: 'tasks_result', synchronize: false })
export class ResultEntity {
  /** `seq` of the task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  /** JSON. */
  @Column({ name: 'value', type: 'text' })
  value!: string;

  /** JSON array of the paths in `value` that are never shown. */
  @Column({ name: 'sensitive', type: 'text', nullable: true })
  sensitive!: string | null;

  /** When the result's own retention is over; null: it is kept as long as the task. */
  @Column({ name: 'expires_at', type: 'integer', nullable: true })
  expiresAt!: number | null;
}
