import {
  Catch,
  Controller,
  HttpException,
  Post,
  Body,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type ExceptionFilter,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE, HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

/** Wraps every answer, as many apps do. */
class Envelope implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ success: true, data })));
  }
}

@Catch()
class Teapot implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { teapot: true }, 418);
  }
}

class NothingPasses implements PipeTransform {
  transform(): never {
    throw new HttpException('Not with me', 499);
  }
}

@Controller('own')
class OwnController {
  @Post()
  echo(@Body() body: unknown): unknown {
    return body;
  }
}

describe.each(ADAPTERS)("the app's own ways on %s", (adapter) => {
  let app: AdminApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });

  const exercise = async (): Promise<void> => {
    const enqueued = await app!.post('tasks', { queue: 'default', name: 'greet', params: { to: 'Ada' } });
    expect(enqueued).toMatchObject({ status: 201, body: { name: 'greet', params: { to: 'Ada' } } });
    const { id } = enqueued.body as { id: string };
    expect(await app!.get(`tasks/${id}`)).toMatchObject({ status: 200, body: { id } });
    expect(await app!.get('tasks?limit=2')).toMatchObject({ status: 200, body: { items: [{ id }] } });
    expect(await app!.get('tasks?limit=x')).toMatchObject({ status: 422, body: { errors: [{ field: 'limit' }] } });
    expect(await app!.get('tasks/none')).toMatchObject({ status: 404, type: 'application/problem+json' });
    expect(await app!.delete(`tasks/${id}`)).toMatchObject({ status: 204, text: '' });
    expect((await app!.ask('GET', '/admin/tasks')).text).toContain('<!doctype html>');
  };

  it.each([
    ['that the app sets', false],
    ['that modules provide', true],
  ])('do not bend its answers: pipes, filters and interceptors %s', async (_where, provided) => {
    app = await AdminApp.start({
      adapter,
      tasks: { workers: false },
      providers: provided
        ? [
            { provide: APP_PIPE, useClass: NothingPasses },
            { provide: APP_FILTER, useClass: Teapot },
            { provide: APP_INTERCEPTOR, useClass: Envelope },
          ]
        : [],
      configure: (nest) => {
        if (provided) return;
        nest.useGlobalPipes(new NothingPasses(), new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
        nest.useGlobalFilters(new Teapot(nest.get(HttpAdapterHost)));
        nest.useGlobalInterceptors(new Envelope());
      },
    });
    await exercise();
  });

  it.each([{ rawBody: true }, { bodyParser: false }])('do not bend its bodies: %j', async (create) => {
    app = await AdminApp.start({ adapter, tasks: { workers: false }, create });
    await exercise();
  });

  it('stay as they are on its own routes', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false }, controllers: [OwnController] });
    const answer = await app.ask('POST', '/own', {
      body: '{"a":1}',
      headers: { 'Content-Type': 'application/json', Origin: 'https://elsewhere.example' },
    });
    expect(answer).toMatchObject({ status: 201, body: { a: 1 } });
    const broken = await app.ask('POST', '/own', { body: '{', headers: { 'Content-Type': 'application/json' } });
    expect(broken).toMatchObject({ status: 400, type: 'application/json' });
  });
});
