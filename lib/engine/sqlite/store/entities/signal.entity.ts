import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A signal that was sent to a task and not taken yet. */
@Entity({ name: 'tasks_signal', synchronize: false })
export class SignalEntity {
  /** The order in which signals were sent. */
  @PrimaryColumn({ name: 'id', type: 'integer' })
  id!: number;

  /** `seq` of the task. */
  @Column({ name: 'task', type: 'integer' })
  task!: number;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** In UTC milliseconds. */
  @Column({ name: 'sent_at', type: 'integer' })
  sentAt!: number;

  /** JSON list of paths in the payload that must never be shown. */
  @Column({ name: 'sensitive', type: 'text', nullable: true })
  sensitive!: string | null;

  /** JSON. */
  @Column({ name: 'payload', type: 'text' })
  payload!: string;
}
