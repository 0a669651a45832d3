import { Module } from '@nestjs/common';
import { TasksModule } from 'nestjs-tasks';
import { DatabaseModule } from './database/database.module.js';
import { EmailsModule } from './emails/emails.module.js';
import { HomeModule } from './home/home.module.js';
import { HousekeepingModule } from './housekeeping/housekeeping.module.js';
import { ImportsModule } from './imports/imports.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { ReportsModule } from './reports/reports.module.js';
import { SignupModule } from './signup/signup.module.js';
import { tasksStore } from './tasks-store.js';

@Module({
  imports: [
    DatabaseModule,
    // Workers, retries and delays are in config/config.yaml.
    // The app listens on loopback (main.ts), and no web server stands before it: its panel needs no key.
    TasksModule.forRoot({ ...tasksStore(), admin: { access: 'local' } }),
    SignupModule,
    EmailsModule,
    ImportsModule,
    OrdersModule,
    ReportsModule,
    HousekeepingModule,
    HomeModule,
  ],
})
export class AppModule {}
