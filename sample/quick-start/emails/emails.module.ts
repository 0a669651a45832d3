import { Module } from '@nestjs/common';
import { EmailsController } from './emails.controller.js';
import { MailService } from './mail.service.js';
import { SendEmailHandler } from './send-email.handler.js';
import { SmtpInbox } from './smtp-inbox.js';

@Module({
  controllers: [EmailsController],
  providers: [{ provide: SmtpInbox, useFactory: () => SmtpInbox.open() }, MailService, SendEmailHandler],
  exports: [SmtpInbox],
})
export class EmailsModule {}
