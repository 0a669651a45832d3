import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Facts about a task's name, told by a process that has its handler to those that have not. */
@Entity({ name: 'tasks_name', synchronize: false })
export class NameEntity {
  /** Name of the task. */
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  /** JSON array of the paths in its params that are never shown. */
  @Column({ name: 'sensitive', type: 'text' })
  sensitive!: string;
}
