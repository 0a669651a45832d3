import { Injectable } from '@nestjs/common';
import { type Task, TaskDispatcher } from 'nestjs-tasks';
import type { SignupDto } from './signup.dto.js';

@Injectable()
export class SignupService {
  constructor(private readonly tasks: TaskDispatcher) {}

  /** Resolves when the task is on disk: from then on the mail is sent, whatever happens to this process. */
  async signUp({ email, name }: SignupDto): Promise<Task> {
    return this.tasks.queue('emails', 'send_email', {
      to: email,
      subject: `Welcome, ${name}!`,
      template: 'welcome',
      data: { name },
    });
  }
}
