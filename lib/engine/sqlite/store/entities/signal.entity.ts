import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A signal that was sent to a task and not taken yet. */
@Entity({ name: 'tasks_signal', synchronize: false })
export class SignalEntity {
  @PrimaryColumn({ name: 'id', type: 'integer' })
  id!: number;

  /** `seq` of the task. */
  @Column({ name: 'task', type: 'integer' })
  task!: number;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** JSON. */
  @Column({ name: 'payload', type: 'text', nullable: true })
  payload!: string | null;

  @Column({ name: 'sent_at', type: 'integer' })
  sentAt!: number;
}
