import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditAction } from '../../task-engine.js';

/** One change that somebody made through the panel. */
@Entity({ name: 'tasks_audit', synchronize: false })
export class AuditEntity {
  /** Order of the changes; stays inside the store. */
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  at!: number;

  /** Null where the app does not tell users apart. */
  @Column({ type: 'text', nullable: true })
  who!: string | null;

  @Column({ type: 'text' })
  action!: AuditAction;

  /** Id of a task, name of a queue or a schedule, or the filter as text. */
  @Column({ type: 'text' })
  target!: string;

  /** How many tasks, queues or schedules. */
  @Column({ type: 'integer' })
  changed!: number;
}
