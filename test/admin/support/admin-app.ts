import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Module,
  type INestApplication,
  type LoggerService,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CronSchedules } from '../../../lib/cron/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';
import { TasksModule } from '../../../lib/nest/index.js';
import type { Task, TaskState } from '../../../lib/contract/index.js';
import type { TasksModuleOptions } from '../../../lib/config/index.js';
import { until } from '../../support/until.js';
import { ADMIN_OPERATIONS } from '../../../lib/admin/admin.constants.js';
import type { Operations } from '../../../lib/operations/index.js';
import { Handlers } from './handlers.js';

export const ADAPTERS = ['express', 'fastify'] as const;
export type AdapterName = (typeof ADAPTERS)[number];

export interface AdminAppOptions {
  readonly adapter?: AdapterName;
  readonly tasks?: TasksModuleOptions;
  /** Give the options by `forRootAsync`. */
  readonly async?: boolean;
  readonly providers?: Provider[];
  readonly controllers?: Array<Type<object>>;
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  /** Before the app is initialised. */
  readonly configure?: (app: INestApplication) => void;
  /** Default: one that is free. */
  readonly port?: number;
  readonly create?: { readonly rawBody?: boolean; readonly bodyParser?: boolean; readonly logger?: LoggerService };
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; a test says what it expects of it. */
  readonly body: never;
}

/** A Nest app with the module, on a store of its own, that listens on a port of its own. */
export class AdminApp {
  private constructor(
    readonly app: INestApplication,
    readonly origin: string,
    private readonly directory: string,
  ) {}

  static async start(options: AdminAppOptions = {}): Promise<AdminApp> {
    const directory = await mkdtemp(join(tmpdir(), 'nestjs-tasks-admin-'));
    const { admin = {} } = options.tasks ?? {};
    const given: TasksModuleOptions = {
      database: join(directory, 'tasks.db'),
      ...options.tasks,
      admin: admin && { access: 'local', ...admin },
    };
    const tasks = options.async
      ? TasksModule.forRootAsync({ configFile: false, useFactory: () => Promise.resolve(given) })
      : TasksModule.forRoot({ configFile: false, ...given });

    @Module({
      imports: [tasks, ...(options.imports ?? [])],
      controllers: options.controllers ?? [],
      providers: [Handlers, ...(options.providers ?? [])],
    })
    class AppModule {}

    const adapter = options.adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
    const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false, ...options.create });
    options.configure?.(app);
    await app.listen(options.port ?? 0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new AdminApp(app, `http://127.0.0.1:${port}`, directory);
  }

  get dispatcher(): TaskDispatcher {
    return this.app.get(TaskDispatcher);
  }

  /** What the panel stands on. */
  get operations(): Operations {
    return this.app.get(ADMIN_OPERATIONS, { strict: false });
  }

  get crons(): CronSchedules {
    return this.app.get(CronSchedules);
  }

  /** Path of the store's file, unless the options have another. */
  get database(): string {
    return join(this.directory, 'tasks.db');
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** @param path under the app's origin */
  async ask(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.origin}${path}`, { method, ...init });
    const text = await response.text();
    const type = response.headers.get('content-type')?.split(';')[0] ?? null;
    const body = (type?.endsWith('json') && text !== '' ? JSON.parse(text) : null) as never;
    return { status: response.status, type, headers: response.headers, text, body };
  }

  /** @param path under the panel's API */
  get(path: string, init?: RequestInit): Promise<Answer> {
    return this.ask('GET', `/admin/tasks/api/${path}`, init);
  }

  post(path: string, body?: unknown, init: RequestInit = {}): Promise<Answer> {
    return this.send('POST', path, body, init);
  }

  patch(path: string, body: unknown, init: RequestInit = {}): Promise<Answer> {
    return this.send('PATCH', path, body, init);
  }

  private send(method: string, path: string, body: unknown, init: RequestInit): Promise<Answer> {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...init.headers };
    return this.ask(method, `/admin/tasks/api/${path}`, { ...init, ...json, headers });
  }

  delete(path: string, init?: RequestInit): Promise<Answer> {
    return this.ask('DELETE', `/admin/tasks/api/${path}`, init);
  }

  /** Resolves once the task is in the state. */
  reached(id: string, state: TaskState): Promise<Task> {
    const { dispatcher } = this;
    const probe = async (): Promise<Task | false> => {
      const task = await dispatcher.get(id);
      return task.state === state && task;
    };
    return until(`task ${id} to be ${state}`, probe, { changes: dispatcher });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
