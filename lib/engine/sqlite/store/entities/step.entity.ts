import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A durable step of a task. Times are UTC milliseconds. */
@Entity({ name: 'tasks_step', synchronize: false })
export class StepEntity {
  /** `seq` of the task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  @PrimaryColumn({ name: 'kind', type: 'text' })
  kind!: string;

  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  /** How many steps of that kind and name were begun before it in its attempt. */
  @PrimaryColumn({ name: 'number', type: 'integer' })
  number!: number;

  /** Its place among the steps of its task. */
  @Column({ name: 'position', type: 'integer' })
  position!: number;

  /** Number of the attempt that recorded it. */
  @Column({ name: 'attempt', type: 'integer' })
  attempt!: number;

  /** JSON of a `StepWait`: what the task waits for here, or waited for. */
  @Column({ name: 'wait', type: 'text', nullable: true })
  wait!: string | null;

  /** JSON list of paths in the result that must never be shown. */
  @Column({ name: 'sensitive', type: 'text', nullable: true })
  sensitive!: string | null;

  @Column({ name: 'started_at', type: 'integer' })
  startedAt!: number;

  /** Null while it is waited for. */
  @Column({ name: 'finished_at', type: 'integer', nullable: true })
  finishedAt!: number | null;

  /** JSON. Last, so that reading the columns before it does not walk a large value's overflow pages. */
  @Column({ name: 'result', type: 'text', nullable: true })
  result!: string | null;
}
