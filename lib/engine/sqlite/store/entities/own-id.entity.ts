import { Entity, PrimaryColumn } from 'typeorm';

/** A task whose id does not tell when it was enqueued. */
@Entity({ name: 'tasks_own_id', synchronize: false })
export class OwnIdEntity {
  @PrimaryColumn({ name: 'created_at', type: 'integer' })
  createdAt!: number;

  /** `seq` of the task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;
}
