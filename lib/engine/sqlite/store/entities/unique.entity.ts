import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The holder of a unique key. */
@Entity({ name: 'tasks_unique', synchronize: false })
export class UniqueEntity {
  @PrimaryColumn({ name: 'key', type: 'text' })
  key!: string;

  /** Id of the task that holds it. */
  @Column({ name: 'task', type: 'text' })
  task!: string;

  /** The event that releases it. */
  @Column({ name: 'until', type: 'text' })
  until!: string;

  /** When it is released at the latest. */
  @Column({ name: 'expires_at', type: 'integer', nullable: true })
  expiresAt!: number | null;
}
