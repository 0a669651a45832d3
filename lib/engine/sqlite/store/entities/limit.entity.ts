import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A rate limit that queues share, once somebody was told to wait. */
@Entity({ name: 'tasks_limit', synchronize: false })
export class LimitEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  /** When somebody was told to wait; null: never. */
  @Column({ name: 'closed_at', type: 'integer', nullable: true })
  closedAt!: number | null;

  /** Until when nothing starts; null or past: nothing is in the way. */
  @Column({ name: 'closed_until', type: 'integer', nullable: true })
  closedUntil!: number | null;
}

/** Starts that count in a limit: those of one time together, or the place that is lent to one attempt. */
@Entity({ name: 'tasks_start', synchronize: false })
export class StartEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  /** When they were; of a lent place, the latest time at which its start may be. */
  @PrimaryColumn({ name: 'at', type: 'integer' })
  at!: number;

  /** `seq` of the task that has the place; 0 for starts that were. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  @Column({ name: 'attempt', type: 'integer' })
  attempt!: number;

  @Column({ name: 'worker', type: 'text' })
  worker!: string;

  @Column({ name: 'count', type: 'integer' })
  count!: number;
}

/** The rate limit of one key of a queue, as long as starts count in it, or tasks wait for a place. */
@Entity({ name: 'tasks_key_limit', synchronize: false })
export class KeyLimitEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'queue', type: 'text' })
  queue!: string;

  /** Whether tasks of the key are parked until it has a place. */
  @Column({ name: 'waits', type: 'integer' })
  waits!: number;

  /** When it is to be looked at again. */
  @Column({ name: 'at', type: 'integer' })
  at!: number;
}

/** A pause of some tasks: of a name, of a key in a queue, or with some tags. */
@Entity({ name: 'tasks_pause', synchronize: false })
export class PauseEntity {
  /** JSON of a `PauseSelector`. */
  @PrimaryColumn({ name: 'selector', type: 'text' })
  selector!: string;

  @Column({ name: 'paused_at', type: 'integer' })
  pausedAt!: number;
}
