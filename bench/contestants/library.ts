import 'reflect-metadata';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail, IsObject, IsOptional, IsString } from 'class-validator';
import { DataSource } from 'typeorm';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import type { Contestant } from '../contestant.js';
import { dataOf, dataOfRange, QUEUE } from '../params.js';
import { CREATE_ORDERS, INSERT_ORDER } from '../store/orders.js';
import type { Workload } from '../workload.js';

const NAME = 'bench_task';

/** What an app would have its params checked for. */
class BenchParams {
  @IsEmail() to!: string;
  @IsString() subject!: string;
  @IsString() template!: string;
  @IsOptional() @IsObject() data?: Record<string, unknown>;
}

const current: { workload: Workload | null } = { workload: null };

@Injectable()
class BenchHandler {
  @TaskHandler(NAME, { params: BenchParams, queue: QUEUE })
  handle({ data }: BenchParams): void | Promise<void> {
    return current.workload!.run(data!.index as number);
  }
}

/** The library as an app has it: a Nest app, params checked by class-validator at both ends, `synchronous=FULL`. */
export class Library implements Contestant {
  private app: INestApplicationContext | null = null;
  private tasks: TaskDispatcher | null = null;
  private appSource: DataSource | null = null;
  private prepared = false;

  /** @param thread whether the engine runs in a thread of its own */
  constructor(
    private readonly file: string,
    private readonly thread = true,
  ) {}

  async enqueue(index: number): Promise<void> {
    const tasks = this.tasks ?? (await this.dispatcher());
    await tasks.queue(QUEUE, NAME, dataOf(index));
  }

  async enqueueMany(from: number, count: number): Promise<void> {
    const tasks = await this.dispatcher();
    await tasks.queueMany(QUEUE, NAME, dataOfRange(from, count));
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    const tasks = await this.dispatcher();
    const when = new Date(at);
    await Promise.all(dataOfRange(from, count).map((data) => tasks.queueAt(QUEUE, when, NAME, data)));
  }

  async enqueueWithin(index: number): Promise<void> {
    const tasks = await this.dispatcher();
    const source = await this.source();
    await source.transaction(async (manager) => {
      await manager.query(INSERT_ORDER, [index]);
      await tasks.queue(QUEUE, NAME, dataOf(index), { manager });
    });
  }

  async prepare(concurrency: number, workload: Workload): Promise<void> {
    const tasks = await this.dispatcher();
    await tasks.pauseQueue(QUEUE);
    await this.boot(concurrency, workload);
    this.prepared = true;
  }

  async start(concurrency: number, workload: Workload): Promise<void> {
    if (this.prepared) await (await this.dispatcher()).resumeQueue(QUEUE);
    else await this.boot(concurrency, workload);
  }

  async left(): Promise<number> {
    const stats = await (await this.dispatcher()).stats();
    const counts = stats.find(({ queue }) => queue === QUEUE)?.counts;
    return counts ? counts.available + counts.scheduled + counts.retryable + counts.running : 0;
  }

  async close(): Promise<void> {
    await this.app?.close();
    await this.appSource?.destroy();
    this.app = null;
    this.tasks = null;
    current.workload = null;
  }

  private async dispatcher(): Promise<TaskDispatcher> {
    if (!this.tasks) await this.boot(0, null);
    return this.tasks!;
  }

  private async boot(concurrency: number, workload: Workload | null): Promise<void> {
    await this.app?.close();
    current.workload = workload;
    class AppModule {}
    Module({
      imports: [
        TasksModule.forRoot({
          configFile: false,
          database: this.file,
          synchronous: 'full',
          thread: this.thread,
          workers: concurrency > 0 ? { [QUEUE]: concurrency } : false,
          queues: { [QUEUE]: {} },
          // Longer than that of what a store is filled with: what ends later expires later, as where it filled up by itself.
          retention: { completed: '3660d' },
          shutdownGrace: 0,
          admin: false,
        }),
      ],
      providers: [BenchHandler],
    })(AppModule);
    this.app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
    this.tasks = this.app.get(TaskDispatcher);
  }

  private async source(): Promise<DataSource> {
    if (!this.appSource) {
      this.appSource = new DataSource({ type: 'better-sqlite3', database: this.file });
      await this.appSource.initialize();
      await this.appSource.query('PRAGMA synchronous = FULL');
      await this.appSource.query(CREATE_ORDERS);
    }
    return this.appSource;
  }
}

/** The same with its engine in the app's thread. */
export class LibraryInPlace extends Library {
  constructor(file: string) {
    super(file, false);
  }
}
