import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { DataImport } from './data-import.entity.js';

/** A row of the imported file. */
@Entity()
@Unique(['importId', 'zipCode'])
export class PostalCode {
  @PrimaryGeneratedColumn() id!: number;
  @Column() importId!: string;
  @ManyToOne(() => DataImport, { onDelete: 'CASCADE' }) import?: DataImport;
  @Column() zipCode!: string;
  @Column('real') latitude!: number;
  @Column('real') longitude!: number;
  @Column() city!: string;
  @Column() state!: string;
  @Column() county!: string;
}
