import { Controller, Get } from '@nestjs/common';
import { type ReceivedEmail, SmtpInbox } from './smtp-inbox.js';

@Controller('emails')
export class EmailsController {
  constructor(private readonly inbox: SmtpInbox) {}

  /** What has arrived at the SMTP server, newest first. */
  @Get()
  list(): readonly ReceivedEmail[] {
    return this.inbox.list();
  }
}
