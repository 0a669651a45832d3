import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditAction } from '../../../../contract/index.js';

/** One change that somebody made through the panel. */
@Entity({ name: 'tasks_audit', synchronize: false })
export class AuditEntity {
  /** Order of the changes; stays inside the store. */
  @PrimaryColumn({ name: 'id', type: 'integer' })
  id!: number;

  @Column({ name: 'at', type: 'integer' })
  at!: number;

  /** Null where the app does not tell users apart. */
  @Column({ name: 'who', type: 'text', nullable: true })
  who!: string | null;

  @Column({ name: 'action', type: 'text' })
  action!: AuditAction;

  /** Id of a task, name of a queue or a schedule, or the filter as text. */
  @Column({ name: 'target', type: 'text' })
  target!: string;

  /** How many tasks, queues or schedules. */
  @Column({ name: 'changed', type: 'integer' })
  changed!: number;
}
