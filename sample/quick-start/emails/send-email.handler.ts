import { type TaskContext, TaskHandler } from 'nestjs-tasks';
import { MailService } from './mail.service.js';
import { SendEmailParams } from './send-email.params.js';

@TaskHandler('send_email', { params: SendEmailParams, queue: 'emails' })
export class SendEmailHandler {
  constructor(private readonly mail: MailService) {}

  async handle(params: SendEmailParams, task: TaskContext): Promise<void> {
    // A task runs at least once: after a crash between the sending and the end of the task, again.
    // The same Message-ID on both lets the receiver see that they are one.
    await this.mail.send(params, { messageId: `<${task.id}@quick-start.example>` });
    task.log(`Sent "${params.template}"`);
  }
}
