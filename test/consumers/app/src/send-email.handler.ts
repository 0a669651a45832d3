import { TaskHandler, type TaskContext } from 'nestjs-tasks';
import { MailService } from './mail.service.js';
import { SendEmailParams } from './send-email.params.js';

@TaskHandler('send_email', { params: SendEmailParams, queue: 'emails', maxRetries: 5 })
export class SendEmailHandler {
  constructor(private readonly mail: MailService) {}

  async handle(params: SendEmailParams, task: TaskContext): Promise<void> {
    await this.mail.send(params, { signal: task.signal });
  }
}
