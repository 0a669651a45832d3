import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { OUTBOX_TABLE } from './outbox-table.js';

/**
 * A task that was enqueued in a transaction of the app and waits to be handed to the store. The library's own rows: read
 * only. The table is made by its migrations, and left alone by the app's `synchronize`.
 */
@Entity(OUTBOX_TABLE, { synchronize: false })
export class OutboxTask {
  /** Order in which tasks are handed over. */
  @PrimaryGeneratedColumn({ type: 'bigint' })
  position!: string;

  @Column('varchar', { length: 255 })
  id!: string;

  @Column('varchar', { length: 255 })
  queue!: string;

  @Column('varchar', { length: 255 })
  name!: string;

  /** JSON text. */
  @Column('text')
  params!: string;

  @Column('integer')
  priority!: number;

  /** UTC milliseconds. */
  @Column('bigint', { name: 'run_at' })
  runAt!: string;

  @Column('bigint', { name: 'created_at' })
  createdAt!: string;

  @Column('integer', { name: 'max_attempts', nullable: true })
  maxAttempts!: number | null;

  @Column('text', { nullable: true })
  settings!: string | null;

  /** JSON text: a list of paths. */
  @Column('text')
  sensitive!: string;

  /** Which store the task is for; null in rows of an earlier version. */
  @Column('varchar', { length: 255, nullable: true })
  store!: string | null;

  /** Why the store refused it, so that it was set aside; null for what waits. */
  @Column('text', { nullable: true })
  problem!: string | null;

  /** Id of the task whose handler enqueued it. */
  @Column('varchar', { name: 'parent_id', length: 255, nullable: true })
  parentId!: string | null;

  /** JSON text of what few tasks have: tags, times by which it must have started or ended. */
  @Column('text', { nullable: true })
  traits!: string | null;
}
