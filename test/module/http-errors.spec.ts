import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IsEmail } from 'class-validator';
import { describe, expect, it } from 'vitest';
import type { Duration, Task } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { onTestEnd, rootModule } from './support.js';

class MailParams {
  @IsEmail() to!: string;
}

@TaskHandler('mail', { params: MailParams })
class Mail {
  handle(_params: MailParams): void {}
}

@Controller()
class MailController {
  constructor(@Inject(TaskDispatcher) private readonly tasks: TaskDispatcher) {}

  @Post(':queue')
  @HttpCode(202)
  send(@Param('queue') queue: string, @Body() body: MailParams, @Query('delay') delay?: string): Promise<Task> {
    return this.tasks.queue(queue, 'mail', body, { delay: delay as Duration | undefined });
  }

  @Get('tasks/:id')
  get(@Param('id') id: string): Promise<Task> {
    return this.tasks.get(id);
  }
}

describe('An error that leaves a controller', () => {
  it.each([
    ['Express', () => new ExpressAdapter()],
    ['Fastify', () => new FastifyAdapter()],
  ])("is answered by Nest's own filter with what the client did wrong, on %s", async (_name, adapter) => {
    const root = rootModule({
      providers: [Mail],
      controllers: [MailController],
      tasks: { workers: false, maxParamsSize: 100 },
    });
    const app = await NestFactory.create(root, adapter(), { logger: false, abortOnError: false });
    onTestEnd(() => app.close());
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const post = async (queue: string, body: unknown): Promise<{ status: number; body: unknown }> => {
      const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      const response = await fetch(`${url}/${queue}`, init);
      return { status: response.status, body: await response.json() };
    };

    expect(await post('default', { to: 'ada@example.com' })).toMatchObject({ status: 202 });
    const invalid = await post('default', { to: 'nobody-4711' });
    expect(invalid).toMatchObject({
      status: 400,
      body: { statusCode: 400, message: expect.stringContaining('to must be') as string },
    });
    expect(JSON.stringify(invalid)).not.toContain('4711');
    expect(await post('default?delay=soon', { to: 'ada@example.com' })).toMatchObject({
      status: 400,
      body: { statusCode: 400, message: expect.stringContaining('"soon"') as string },
    });
    expect(await post('default', { to: `${'x'.repeat(200)}@example.com` })).toMatchObject({ status: 413 });
    // The app named it: no client can help that.
    expect(await post('nowhere', { to: 'ada@example.com' })).toMatchObject({ status: 500 });
    expect((await fetch(`${url}/tasks/none`)).status).toBe(404);
  });
});
