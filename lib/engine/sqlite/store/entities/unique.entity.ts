import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The task that took a unique key last. */
@Entity({ name: 'tasks_unique', synchronize: false })
export class UniqueEntity {
  /** JSON: queue, name and the key that the task was given. */
  @PrimaryColumn({ name: 'key', type: 'text' })
  key!: string;

  /** `seq` of the task. Whether it holds the key still, its own row says. */
  @Column({ name: 'task', type: 'integer' })
  task!: number;

  /** The event that releases it. */
  @Column({ name: 'until', type: 'text' })
  until!: string;

  /** The last attempt of the task when it took the key. */
  @Column({ name: 'attempt', type: 'integer' })
  attempt!: number;

  @Column({ name: 'taken_at', type: 'integer' })
  takenAt!: number;

  /** When it is released at the latest. */
  @Column({ name: 'expires_at', type: 'integer', nullable: true })
  expiresAt!: number | null;

  /** Ids of the last tasks that were merged into it, as JSON. */
  @Column({ name: 'merged', type: 'text', nullable: true })
  merged!: string | null;
}
