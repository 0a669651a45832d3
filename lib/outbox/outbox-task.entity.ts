import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { OUTBOX_TABLE } from './outbox-table.js';

/** A task that was enqueued in a transaction of the app and waits to be handed to the store. The library's own rows: read only. */
@Entity(OUTBOX_TABLE)
export class OutboxTask {
  /** Order in which tasks are handed over. */
  @PrimaryGeneratedColumn({ type: 'bigint' })
  position!: string;

  @Column('varchar', { length: 64 })
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
}
