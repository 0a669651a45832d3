import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A process that works on the store, from its start until it leaves or is found dead. */
@Entity({ name: 'tasks_worker', synchronize: false })
export class WorkerEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  host!: string;

  @Column({ type: 'integer' })
  pid!: number;

  /** Where `pid` means something: two processes with the same value see each other's pids. */
  @Column({ name: 'pid_space', type: 'text' })
  pidSpace!: string;

  /** When the process began, as its system tells, to see that a pid was given to another one; null where unknown. */
  @Column({ name: 'pid_birth', type: 'text', nullable: true })
  pidBirth!: string | null;

  @Column({ name: 'started_at', type: 'integer' })
  startedAt!: number;

  /** JSON object: queue to number of concurrent workers. */
  @Column({ type: 'text' })
  queues!: string;
}
