// An order in durable steps: charge, book, wait for a person over restarts, ship, or refund. Kill it whenever you like.
//   node dist/sample/order/payments.js &
//   curl -X PUT -H 'content-type: application/json' -d '{"product":"lamp"}' http://127.0.0.1:3000/orders/7
//   curl -X POST http://127.0.0.1:3000/orders/7/approved       (or /rejected)
//   curl http://127.0.0.1:3000/orders/7
import 'reflect-metadata';
import { Body, Controller, Get, Module, Param, ParseEnumPipe, Post, Put } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Database } from 'better-sqlite3';
import { TaskDispatcher, TasksModule } from 'nestjs-tasks';
import { DataSource } from 'typeorm';
import { Booking, OrderHandler } from './order.handler.js';

const DECISIONS = { approved: 'approved', rejected: 'rejected' } as const;

@Controller('orders')
class OrdersController {
  constructor(
    private readonly tasks: TaskDispatcher,
    private readonly dataSource: DataSource,
  ) {}

  @Put(':id')
  async place(@Param('id') id: string, @Body() { product }: { product: string }): Promise<{ task: string }> {
    const task = await this.tasks.queue('orders', 'order', { id, product }, { id: `order:${id}` });
    return { task: task.id };
  }

  /** Durable when it is answered, whether the order waits already or is still being charged. */
  @Post(':id/:decision')
  async decide(
    @Param('id') id: string,
    @Param('decision', new ParseEnumPipe(DECISIONS)) decision: keyof typeof DECISIONS,
  ): Promise<void> {
    await this.tasks.signal(`order:${id}`, decision);
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<object> {
    const { state, waitingFor } = await this.tasks.get(`order:${id}`);
    const { steps } = await this.tasks.steps(`order:${id}`);
    const booking = await this.dataSource.manager.findOneBy(Booking, { order: id });
    return { state, waitingFor, booking, steps: steps.map(({ name }) => name) };
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: 'orders.db',
      // What is committed survives a loss of power, too.
      prepareDatabase: (database: Database) => void database.pragma('synchronous = FULL'),
      entities: [Booking],
      synchronize: true, // A sample may; an app in production has migrations.
    }),
    TasksModule.forRoot({ dataSource: 'default', workers: { orders: 5 } }),
  ],
  controllers: [OrdersController],
  providers: [OrderHandler],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
