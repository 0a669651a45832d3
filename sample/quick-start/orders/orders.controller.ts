import { Body, Controller, Get, Post } from '@nestjs/common';
import type { Task } from 'nestjs-tasks';
import type { Order } from './order.entity.js';
import { OrdersService } from './orders.service.js';
import { PlaceOrderDto } from './place-order.dto.js';

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  place(@Body() body: PlaceOrderDto): Promise<{ order: Order; task: Task }> {
    return this.orders.place(body);
  }

  @Get()
  list(): Promise<Order[]> {
    return this.orders.list();
  }
}
