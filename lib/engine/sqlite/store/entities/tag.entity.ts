import { Entity, PrimaryColumn } from 'typeorm';

/** One tag of one task. */
@Entity({ name: 'tasks_tag', synchronize: false })
export class TagEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @PrimaryColumn({ name: 'value', type: 'text' })
  value!: string;

  /** `seq` of the task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;
}
