import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a process that has a task's handler tells those that have not. */
@Entity({ name: 'tasks_name', synchronize: false })
export class NameEntity {
  /** Of the task. */
  @PrimaryColumn({ type: 'text' })
  name!: string;

  /** JSON array of the paths in its params that are never shown. */
  @Column({ type: 'text' })
  sensitive!: string;
}
