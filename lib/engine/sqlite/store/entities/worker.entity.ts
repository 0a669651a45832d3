import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A process that works on the store, from its start until it leaves or is found dead. */
@Entity({ name: 'tasks_worker', synchronize: false })
export class WorkerEntity {
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: string;

  @Column({ name: 'host', type: 'text' })
  host!: string;

  @Column({ name: 'pid', type: 'integer' })
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
  @Column({ name: 'queues', type: 'text' })
  queues!: string;

  /** How long the process may be silent before it is taken for dead, in milliseconds; null where an older version wrote the row. */
  @Column({ type: 'integer', nullable: true })
  lease!: number | null;
}
