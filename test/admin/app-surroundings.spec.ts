import {
  Controller,
  Get,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
  type LoggerService,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { afterEach, describe, expect, it } from 'vitest';
import { TasksModule } from '../../lib/index.js';
import { ADAPTERS, AdminApp, type AdminAppOptions } from './support/admin-app.js';

const IS_PUBLIC = 'isPublic';
const Public = (): MethodDecorator => SetMetadata(IS_PUBLIC, true);
const ROLES = Symbol('roles');

@Controller('own')
class OwnController {
  @Get('open')
  @Public()
  open(): string {
    return 'open';
  }

  @Get('closed')
  closed(): string {
    return 'closed';
  }
}

/** As most apps have it: everything is closed but what says otherwise on the handler or on the class. */
@Injectable()
class ClosedUnlessPublic implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return (
      this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, [context.getHandler(), context.getClass()]) ===
      true
    );
  }
}

/** As some tutorials have it: it looks at the handler alone. */
@Injectable()
class ClosedUnlessHandlerIsPublic implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<boolean | undefined>(IS_PUBLIC, context.getHandler()) === true;
  }
}

@Injectable()
class OperatorsOnly implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<string[] | undefined>(ROLES, context.getClass())?.includes('operator') === true;
  }
}

class Lines implements LoggerService {
  readonly lines: string[] = [];
  log(message: unknown): void {
    this.lines.push(String(message));
  }
  warn(): void {}
  error(): void {}
}

describe.each(ADAPTERS)('the panel in an app on %s', (adapter) => {
  let app: AdminApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });
  const start = async (options: AdminAppOptions = {}): Promise<AdminApp> => {
    app = await AdminApp.start({
      adapter,
      controllers: [OwnController],
      ...options,
      tasks: { workers: false, ...options.tasks },
    });
    return app;
  };

  it("is not in the description of the app's own API", async () => {
    let document: OpenAPIObject | undefined;
    await start({
      configure: (nest) => (document = SwaggerModule.createDocument(nest, new DocumentBuilder().build())),
    });
    expect(Object.keys(document!.paths)).toEqual(['/own/open', '/own/closed']);
  });

  it.each([false, true])('is told to global guards by admin.metadata (forRootAsync: %s)', async (async) => {
    await start({
      async,
      tasks: { admin: { metadata: { [IS_PUBLIC]: true, [ROLES]: ['operator'] } } },
      providers: [ClosedUnlessPublic, ClosedUnlessHandlerIsPublic, OperatorsOnly].map((guard) => ({
        provide: APP_GUARD,
        useClass: guard,
      })),
    });
    for (const path of ['', '/page.js', '/page.css', '/api/queues', '/api/tasks?limit=1', '/api/handlers']) {
      expect((await app!.ask('GET', `/admin/tasks${path}`)).status, path).toBe(200);
    }
    expect((await app!.post('queues/default/pause')).status).toBe(200);
    expect((await app!.ask('GET', '/own/closed')).status).toBe(403);
  });

  it('is closed by global guards that nothing is told', async () => {
    await start({ providers: [{ provide: APP_GUARD, useClass: ClosedUnlessPublic }] });
    expect((await app!.ask('GET', '/own/open')).status).toBe(200);
    expect((await app!.get('queues')).status).toBe(403);
  });

  it('tells global guards of each store what its own options say', async () => {
    const second = TasksModule.forRoot({
      name: 'second',
      database: ':memory:',
      configFile: false,
      workers: false,
      admin: { access: 'local', metadata: { [IS_PUBLIC]: true } },
    });
    await start({ imports: [second], providers: [{ provide: APP_GUARD, useClass: ClosedUnlessHandlerIsPublic }] });
    expect((await app!.get('queues')).status).toBe(403);
    expect((await app!.ask('GET', '/admin/tasks-second/api/queues')).status).toBe(200);
  });

  it.each(['path', '__guards__', 'method'])("refuses metadata that is Nest's own: %s", async (key) => {
    await expect(start({ tasks: { admin: { metadata: { [key]: [] } } } })).rejects.toThrow(
      `"admin.metadata": "${key}" is a key that Nest or the panel itself sets`,
    );
  });

  it('takes few lines of the boot log', async () => {
    const logger = new Lines();
    await start({ create: { logger } });
    const lines = logger.lines.filter((line) => line.includes('/admin/tasks'));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(15);
  });
});
