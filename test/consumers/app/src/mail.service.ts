import { Injectable } from '@nestjs/common';
import type { SendEmailParams } from './send-email.params.js';

/** Keeps what it was told to send. */
@Injectable()
export class MailService {
  readonly sent: SendEmailParams[] = [];

  async send(email: SendEmailParams, options: { signal: AbortSignal }): Promise<void> {
    options.signal.throwIfAborted();
    this.sent.push(email);
  }
}
