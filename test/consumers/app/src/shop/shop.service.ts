import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { TaskDispatcher } from 'nestjs-tasks';
import { DataSource } from 'typeorm';
import { Order } from './order.entity.js';

@Injectable()
export class ShopService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly tasks: TaskDispatcher,
  ) {}

  /** The receipt is enqueued if and only if the order is committed. Returns the receipt's id. */
  async order(customer: string, beforeCommit: (receiptId: string) => void = () => {}): Promise<string> {
    const order = new Order();
    order.customer = customer;
    const receipt = { to: customer, subject: 'Your receipt', template: 'receipt' };
    return this.dataSource.transaction(async (manager) => {
      await manager.save(order);
      const task = await this.tasks.queue('emails', 'send_email', receipt, { manager });
      beforeCommit(task.id);
      return task.id;
    });
  }

  orders(): Promise<number> {
    return this.dataSource.manager.count(Order);
  }
}
