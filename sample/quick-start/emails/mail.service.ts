import { join } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Eta } from 'eta';
import { createTransport, type Transporter } from 'nodemailer';
import type { SendEmailParams } from './send-email.params.js';
import { SmtpInbox } from './smtp-inbox.js';

const TEMPLATES = join('views', 'emails');

/** Renders a template and sends it by SMTP. */
@Injectable()
export class MailService implements OnApplicationShutdown {
  private readonly html = new Eta({ views: TEMPLATES }); // escapes every value
  private readonly text = new Eta({ views: TEMPLATES, autoEscape: false });
  private readonly transport: Transporter;

  constructor(inbox: SmtpInbox) {
    this.transport = createTransport({ host: '127.0.0.1', port: inbox.port, pool: true });
  }

  async send(email: SendEmailParams, options: { messageId: string }): Promise<void> {
    const data = email.data ?? {};
    await this.transport.sendMail({
      messageId: options.messageId,
      from: 'Quick Start <hello@quick-start.example>',
      to: email.to,
      subject: email.subject,
      text: this.text.render(`./${email.template}.text.eta`, data),
      html: this.html.render(`./${email.template}.html.eta`, data),
    });
  }

  onApplicationShutdown(): void {
    this.transport.close();
  }
}
