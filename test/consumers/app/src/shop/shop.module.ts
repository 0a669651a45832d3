import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TasksModule } from 'nestjs-tasks';
import { MailService } from '../mail.service.js';
import { SendEmailHandler } from '../send-email.handler.js';
import { Order } from './order.entity.js';
import { ShopService } from './shop.service.js';

/** Tasks live in the app's own database, so that they commit together with its rows. */
@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: 'data/shop.db',
      entities: [Order],
      synchronize: true,
    }),
    TasksModule.forRoot({ dataSource: 'default' }),
  ],
  providers: [SendEmailHandler, MailService, ShopService],
})
export class ShopModule {}
