import { Module } from '@nestjs/common';
import { TasksModule } from 'nestjs-tasks';
import { CleanupDataHandler } from './cleanup-data.handler.js';
import { Housekeeping } from './housekeeping.js';
import { ImportService } from './import.service.js';
import { MailService } from './mail.service.js';
import { SendEmailHandler } from './send-email.handler.js';
import { SignupService } from './signup.service.js';

@Module({
  imports: [TasksModule.forRoot()],
  providers: [SendEmailHandler, SignupService, Housekeeping, MailService, ImportService, CleanupDataHandler],
})
export class AppModule {}
