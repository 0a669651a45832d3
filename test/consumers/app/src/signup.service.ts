import { Injectable } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { TaskDispatcher, type Task } from 'nestjs-tasks';
import { SendEmailParams } from './send-email.params.js';

@Injectable()
export class SignupService {
  constructor(private readonly tasks: TaskDispatcher) {}

  welcome(to: string): Promise<Task> {
    return this.tasks.queue('emails', 'send_email', { to, subject: 'Welcome!', template: 'welcome' });
  }

  /** The task's name is found from the class of its params. */
  remind(to: string): Promise<Task> {
    return this.tasks.queue(
      'emails',
      plainToInstance(SendEmailParams, { to, subject: 'Reminder', template: 'reminder' }),
    );
  }

  importSoon(importId: number): Promise<Task> {
    return this.tasks.queueIn('imports', '5m', 'import_data', { importId });
  }

  importOn(date: Date, importId: number): Promise<Task> {
    return this.tasks.queueAt('imports', date, 'import_data', { importId });
  }

  newsletter(recipients: string[]): Promise<Task[]> {
    const rows = recipients.map((to) => ({ to, subject: 'News', template: 'news' }));
    return this.tasks.queueMany('emails', 'send_email', rows);
  }
}

/** Never called: these lines are here to be refused by the compiler. */
export async function refusedByTheCompiler(tasks: TaskDispatcher): Promise<void> {
  // @ts-expect-error a payload of the wrong shape
  await tasks.queue('emails', 'send_email', { to: 'ada@example.com', subject: 'Welcome!' });
  // @ts-expect-error a field of the wrong type
  await tasks.queueMany('emails', 'send_email', [{ to: 1, subject: 'Welcome!', template: 'welcome' }]);
}
