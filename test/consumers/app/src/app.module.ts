import { Module } from '@nestjs/common';
import { TasksModule } from 'nestjs-tasks';
import { CleanupDataHandler } from './cleanup-data.handler.js';
import { Housekeeping } from './housekeeping.js';
import { ImportService } from './import.service.js';
import { MailService } from './mail.service.js';
import { SendEmailHandler } from './send-email.handler.js';
import { SignupService } from './signup.service.js';

@Module({
  // A store of its own for each app of the tests, which run in several processes at once.
  imports: [TasksModule.forRoot({ database: process.env.NODE_ENV === 'test' ? ':memory:' : 'data/tasks.db' })],
  providers: [SendEmailHandler, SignupService, Housekeeping, MailService, ImportService, CleanupDataHandler],
})
export class AppModule {}
