import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Errors of failed tasks of one name: the errors are of one name and have messages that are alike. */
@Entity({ name: 'tasks_error_group', synchronize: false })
export class ErrorGroupEntity {
  /** The same for ever, and in every store. */
  @PrimaryColumn({ name: 'key', type: 'text' })
  key!: string;

  /** Name of the tasks. */
  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'error_name', type: 'text' })
  errorName!: string;

  /** With `…` where it varies. */
  @Column({ name: 'message', type: 'text' })
  message!: string;

  @Column({ name: 'first_at', type: 'integer' })
  firstAt!: number;

  @Column({ name: 'last_at', type: 'integer' })
  lastAt!: number;
}

/** How many tasks of a queue failed with an error of a group in one hour. */
@Entity({ name: 'tasks_error_hour', synchronize: false })
export class ErrorHourEntity {
  @PrimaryColumn({ name: 'key', type: 'text' })
  key!: string;

  /** Hours since 1970. */
  @PrimaryColumn({ name: 'hour', type: 'integer' })
  hour!: number;

  @PrimaryColumn({ name: 'queue', type: 'text' })
  queue!: string;

  @Column({ name: 'failed', type: 'integer' })
  failed!: number;
}
