import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One import of the postal codes, and how far it has come. */
@Entity()
export class DataImport {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ default: 0 }) rowsDone!: number;
  @CreateDateColumn() createdAt!: Date;
  @Column('datetime', { nullable: true }) finishedAt!: Date | null;
}
