import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A task that waits for the end of another one. */
@Entity({ name: 'tasks_edge', synchronize: false })
export class EdgeEntity {
  /** `seq` of the task that is waited for. */
  @PrimaryColumn({ name: 'parent', type: 'integer' })
  parent!: number;

  /** `seq` of the task that waits. */
  @PrimaryColumn({ name: 'child', type: 'integer' })
  child!: number;

  /** The ends that let it go on. */
  @Column({ name: 'ends_as', type: 'text' })
  endsAs!: string;
}
