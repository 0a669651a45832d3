import { IsEmail, IsInt } from 'class-validator';
import { RetryLater, Sensitive, type TaskContext, TaskDispatcher, TaskHandler, UnrecoverableError } from 'nestjs-tasks';

export class MailParams {
  @IsEmail() to!: string;
  subject?: string;
  @Sensitive() code?: string;
}

/** What handlers did, in order. */
export class Diary {
  readonly lines: string[] = [];
}

@TaskHandler('send_mail', {
  params: MailParams,
  queue: 'mails',
  maxRetries: 2,
  retryDelay: '10s',
  backoff: 'exponential',
})
export class SendMailHandler {
  constructor(private readonly diary: Diary) {}

  async handle(params: MailParams, task: TaskContext): Promise<string> {
    task.log(`to ${params.to}`);
    task.progress(50, 'half');
    if (params.subject === 'broken') throw new TypeError('smtp is down');
    if (params.subject === 'once' && task.attempt === 1) throw new Error('not at once');
    if (params.subject === 'later' && task.attempt === 1) throw new RetryLater('1h', { countsAttempt: false });
    if (params.subject === 'never') throw new UnrecoverableError('no such mailbox');
    this.diary.lines.push(`mail ${params.to}`);
    return `sent to ${params.to}`;
  }
}

export class ImportParams {
  @IsInt() rows!: number;
}

/** Each part of an import enqueues the next. */
@TaskHandler('import', { params: ImportParams, result: true })
export class ImportHandler {
  constructor(private readonly diary: Diary) {}

  async handle({ rows }: ImportParams, task: TaskContext): Promise<{ left: number }> {
    this.diary.lines.push(`import ${rows}`);
    if (rows !== 0) await task.queue('default', 'import', { rows: rows - 1 });
    else await task.queue('mails', 'send_mail', { to: 'done@example.com' }, { with: 'completion' });
    return { left: rows };
  }
}

@TaskHandler('hang', { timeout: '30s', maxRetries: 1 })
export class HangingHandler {
  handle(_params: object, task: TaskContext): Promise<void> {
    return new Promise((_resolve, reject) => {
      task.signal.addEventListener('abort', () => reject(task.signal.reason as Error));
    });
  }
}

/** Two steps, the second of them in a transaction of the app's database. */
@TaskHandler('book', { retryDelay: '1m' })
export class BookHandler {
  charges = 0;

  async handle({ id }: { id: number }, task: TaskContext): Promise<void> {
    await task.step('charge', () => (this.charges += 1));
    await task.transaction('book', (manager) => manager.query('INSERT INTO booking VALUES (?)', [id]));
    if (task.attempt === 1) throw new Error('not at once');
  }
}

export class SignUpService {
  constructor(private readonly tasks: TaskDispatcher) {}

  async signUp(to: string): Promise<void> {
    await this.tasks.queue('mails', 'send_mail', { to, subject: 'Welcome' });
    await this.tasks.queueIn('mails', '1d', 'send_mail', { to, subject: 'How is it?' });
  }
}

export const PROVIDERS = [
  Diary,
  { provide: SendMailHandler, useFactory: (diary: Diary) => new SendMailHandler(diary), inject: [Diary] },
  { provide: ImportHandler, useFactory: (diary: Diary) => new ImportHandler(diary), inject: [Diary] },
  HangingHandler,
  BookHandler,
  { provide: SignUpService, useFactory: (tasks: TaskDispatcher) => new SignUpService(tasks), inject: [TaskDispatcher] },
];
