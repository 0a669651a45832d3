import { Entity, PrimaryColumn } from 'typeorm';

/** A kind of tasks that some process knew no handler of. */
@Entity({ name: 'tasks_unhandled', synchronize: false })
export class UnhandledEntity {
  @PrimaryColumn({ name: 'queue', type: 'text' })
  queue!: string;

  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;
}
