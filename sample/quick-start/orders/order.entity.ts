import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('orders')
export class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() email!: string;
  @Column() product!: string;
  @Column() quantity!: number;
  @CreateDateColumn() createdAt!: Date;
}
