import 'reflect-metadata';
import { Controller, Get, type INestApplication, type LogLevel, Redirect } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PanelAddress } from '../../lib/admin/index.js';
import { TasksModule } from '../../lib/nest/index.js';
import { httpPlatform } from './http-platform.js';

export interface PanelOptions {
  readonly database: string;
  /** Queues that the panel can enqueue to and pause. */
  readonly queues: readonly string[];
  readonly readOnly: boolean;
}

/** The terminal is for what the person who opened the panel has to know. */
export const PANEL_LOG_LEVELS: readonly LogLevel[] = ['error', 'warn'];

const PANEL_PATH = 'admin/tasks';

/** So that the bare address, as a person types it, leads to the panel. */
@Controller()
class EntranceController {
  @Get()
  @Redirect(`/${PANEL_PATH}`)
  toPanel(): void {}
}

class PanelModule {}

/** An app that is nothing but the panel of one store: it runs no task and no cron. Not listening yet. */
export async function createPanelApp({ database, queues, readOnly }: PanelOptions): Promise<INestApplication> {
  const tasks = TasksModule.forRoot({
    database,
    configFile: false,
    workers: false,
    cron: false,
    queues: Object.fromEntries(queues.map((queue) => [queue, {}])),
    admin: { path: PANEL_PATH, readOnly },
  });
  return NestFactory.create(
    { module: PanelModule, imports: [tasks], controllers: [EntranceController] },
    await httpPlatform(),
    { logger: [...PANEL_LOG_LEVELS], abortOnError: false },
  );
}

/** The address of the panel, with the key that opens it. */
export async function panelUrl(app: INestApplication): Promise<string> {
  return (await app.get(PanelAddress, { strict: false }).url())!;
}
