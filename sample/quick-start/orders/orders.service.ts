import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type Task, TaskDispatcher } from 'nestjs-tasks';
import { Repository } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { Order } from './order.entity.js';
import type { PlaceOrderDto } from './place-order.dto.js';

@Injectable()
export class OrdersService {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly transactions: Transactions,
    private readonly tasks: TaskDispatcher,
  ) {}

  /** The receipt is enqueued if and only if the order is committed. */
  place({ declinePayment, ...order }: PlaceOrderDto): Promise<{ order: Order; task: Task }> {
    return this.transactions.run(async (manager) => {
      const saved = await manager.save(manager.create(Order, order));
      const receipt = {
        to: saved.email,
        subject: `Your order ${saved.id}`,
        template: 'receipt' as const,
        data: { orderId: saved.id, product: saved.product, quantity: saved.quantity },
      };
      const task = await this.tasks.queue('emails', 'send_email', receipt, { manager });
      if (declinePayment) throw new HttpException('The payment was declined', HttpStatus.PAYMENT_REQUIRED);
      return { order: saved, task };
    });
  }

  list(): Promise<Order[]> {
    return this.orders.find({ order: { id: 'DESC' }, take: 50 });
  }
}
