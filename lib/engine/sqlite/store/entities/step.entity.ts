import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A durable step of a task. */
@Entity({ name: 'tasks_step', synchronize: false })
export class StepEntity {
  /** `seq` of the task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  /** How often a step of that name was begun before. */
  @PrimaryColumn({ name: 'number', type: 'integer' })
  number!: number;

  /** Its place among the steps of its task. */
  @Column({ name: 'position', type: 'integer' })
  position!: number;

  @Column({ name: 'kind', type: 'text' })
  kind!: string;

  /** JSON. */
  @Column({ name: 'result', type: 'text', nullable: true })
  result!: string | null;

  @Column({ name: 'started_at', type: 'integer', nullable: true })
  startedAt!: number | null;

  @Column({ name: 'finished_at', type: 'integer', nullable: true })
  finishedAt!: number | null;
}
