import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The state of a rate limit. */
@Entity({ name: 'tasks_limit', synchronize: false })
export class LimitEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  /** When the next start fits into the limit. */
  @Column({ name: 'next_at', type: 'real' })
  nextAt!: number;
}
