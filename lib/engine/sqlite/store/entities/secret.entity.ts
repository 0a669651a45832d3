import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A secret that the processes of the store share, such as the key of the panel. */
@Entity({ name: 'tasks_secret', synchronize: false })
export class SecretEntity {
  /** Its purpose. */
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'value', type: 'text' })
  value!: string;
}
