import { Inject, Injectable, Module } from '@nestjs/common';
import { RateLimited, type Task, TaskDispatcher, TaskHandler, TasksModule } from 'nestjs-tasks';

/** What the handlers did, for whoever looks. */
@Injectable()
export class Journal {
  readonly lines: string[] = [];

  write(line: string): void {
    this.lines.push(line);
  }
}

interface ImportParams {
  readonly customer: string;
  readonly file: string;
}

/** One at a time for each customer, however many processes there are; customers do not wait for each other. */
@TaskHandler('import_csv', { queue: 'imports', key: ({ customer }: ImportParams) => customer })
class ImportHandler {
  constructor(private readonly journal: Journal) {}

  async handle({ customer, file }: ImportParams): Promise<void> {
    this.journal.write(`begin ${customer} ${file}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.journal.write(`end ${customer} ${file}`);
  }
}

/** The provider says how many mails it takes. Where that is fewer than it was told to us, it says when to come again. */
@TaskHandler('send_mail', { queue: 'mails', limit: 'provider', maxRetries: 0 })
class MailHandler {
  constructor(@Inject('PROVIDER_URL') private readonly url: string) {}

  async handle({ to }: { readonly to: string }): Promise<void> {
    const response = await fetch(`${this.url}/send?to=${encodeURIComponent(to)}`, { method: 'POST' });
    if (response.status === 429) {
      // Nobody tries until then, and the attempt does not count: this task has no retries.
      throw new RateLimited(Number(response.headers.get('retry-after') ?? 30) * 1_000, { limit: 'provider' });
    }
    if (!response.ok) throw new Error(`The provider answered ${response.status}`);
  }
}

@TaskHandler('refresh_index', { queue: 'search' })
class RefreshHandler {
  constructor(private readonly journal: Journal) {}

  handle({ products }: { readonly products: readonly string[] }): void {
    this.journal.write(`refresh ${products.join(' ')}`);
  }
}

@Injectable()
export class Shop {
  constructor(private readonly tasks: TaskDispatcher) {}

  upload(customer: string, file: string): Promise<Task> {
    return this.tasks.queue('imports', 'import_csv', { customer, file });
  }

  mail(to: string): Promise<Task> {
    return this.tasks.queue('mails', 'send_mail', { to });
  }

  /** A burst of edits makes one refresh, of all that were edited. */
  edit(product: string): Promise<Task> {
    const coalesce = { key: 'index', wait: '300ms', field: 'products' };
    return this.tasks.queue('search', 'refresh_index', { products: [product] }, { coalesce });
  }
}

@Module({})
export class AppModule {
  static with(providerUrl: string, database?: string) {
    return {
      module: AppModule,
      imports: [
        TasksModule.forRoot({
          ...(database !== undefined && { database }),
          workers: { imports: 10, mails: 5, search: 1 },
          queues: { imports: { key: { concurrency: 1, rateLimit: '100/m' }, fair: true } },
          limits: { provider: '5/s' },
        }),
      ],
      providers: [
        Journal,
        Shop,
        ImportHandler,
        MailHandler,
        RefreshHandler,
        { provide: 'PROVIDER_URL', useValue: providerUrl },
      ],
    };
  }
}
