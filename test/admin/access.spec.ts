import {
  Inject,
  Injectable,
  Module,
  Scope,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { of } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { ADAPTERS, AdminApp, type AdminAppOptions } from './support/admin-app.js';
import { rawRequest } from './support/raw-request.js';

const PROBLEM_TYPE = 'application/problem+json';

@Injectable()
class Keys {
  accepts(key: unknown): boolean {
    return key === 'right';
  }
}

/** Known to a module that the panel's module does not import. */
@Injectable()
class KeyGuard implements CanActivate {
  constructor(private readonly keys: Keys) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    if (headers['x-key'] === undefined) throw new UnauthorizedException('Who are you?');
    return this.keys.accepts(headers['x-key']);
  }
}

@Module({ providers: [Keys, KeyGuard] })
class KeyModule {}

@Injectable({ scope: Scope.REQUEST })
class RequestGuard implements CanActivate {
  constructor(@Inject(REQUEST) private readonly request: { headers: Record<string, unknown> }) {}

  canActivate(): Promise<boolean> {
    return Promise.resolve(this.request.headers['x-key'] === 'right');
  }
}

/** No module provides it, and what it injects is out of reach of the panel's. */
@Injectable()
class NeedyGuard implements CanActivate {
  constructor(private readonly keys: Keys) {}

  canActivate(): boolean {
    return this.keys.accepts('right');
  }
}

const letIn: CanActivate = { canActivate: () => true };

class UnlistedGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>().headers['x-key'] === 'right';
  }
}

describe.each(ADAPTERS)('who may use the panel on %s', (adapter) => {
  let app: AdminApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });
  const start = async (options: AdminAppOptions = {}): Promise<AdminApp> => {
    app = await AdminApp.start({ adapter, ...options, tasks: { workers: false, ...options.tasks } });
    return app;
  };

  describe('without a guard', () => {
    it('answers direct requests of its own machine', async () => {
      await start();
      expect((await app!.get('queues')).status).toBe(200);
      expect((await app!.ask('GET', '/admin/tasks')).status).toBe(200);
    });

    it.each(['x-forwarded-for', 'x-forwarded-server', 'cf-connecting-ip', 'forwarded', 'x-real-ip', 'via'])(
      'refuses what came through a proxy (%s), on every route, and says what to set',
      async (name) => {
        await start();
        for (const [method, path] of [
          ['GET', ''],
          ['GET', '/page.js'],
          ['GET', '/api/events'],
          ['POST', '/api/tasks'],
        ] as const) {
          const answer = await app!.ask(method, `/admin/tasks${path}`, { headers: { [name]: '127.0.0.1' } });
          expect(answer).toMatchObject({ status: 403, type: PROBLEM_TYPE, body: { code: 'not_local' } });
          expect(answer.text).toContain('admin.guards');
        }
      },
    );

    it('refuses a name that was made to point to this machine', async () => {
      const { port } = await start();
      const rebound = await rawRequest(port, '/admin/tasks/api/queues', { headers: { host: `evil.example:${port}` } });
      expect(rebound).toMatchObject({ status: 403, body: expect.stringContaining('not_local') });
      const local = await rawRequest(port, '/admin/tasks/api/queues', { headers: { host: `localhost:${port}` } });
      expect(local.status).toBe(200);
    });
  });

  describe('from pages of other origins', () => {
    it('refuses changes and reads, and does nothing', async () => {
      await start();
      const { id } = await app!.dispatcher.queue('default', 'greet', {});
      const foreign: Array<Record<string, string>> = [
        { Origin: 'https://evil.example' },
        { Origin: 'null' },
        { 'Sec-Fetch-Site': 'cross-site' },
      ];
      for (const headers of foreign) {
        const init = { headers };
        expect(await app!.delete(`tasks/${id}`, init)).toMatchObject({ status: 403, body: { code: 'cross_origin' } });
        expect(await app!.get('queues', init)).toMatchObject({ status: 403, body: { code: 'cross_origin' } });
        expect(await app!.post('queues/default/pause', undefined, init)).toMatchObject({ status: 403 });
      }
      expect((await app!.get(`tasks/${id}`)).status).toBe(200);
      expect((await app!.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
    });

    it('takes its own origin', async () => {
      await start();
      const init = { headers: { Origin: app!.origin, 'Sec-Fetch-Site': 'same-origin' } };
      expect((await app!.post('queues/default/pause', undefined, init)).status).toBe(200);
    });

    it('lets a link lead to the page, and to nothing else', async () => {
      const { port } = await start();
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      expect((await rawRequest(port, '/admin/tasks', { headers })).status).toBe(200);
      expect((await rawRequest(port, '/admin/tasks/api/queues', { headers })).status).toBe(403);
    });

    it('refuses a body that a form could send', async () => {
      await start();
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        const answer = await app!.ask('POST', '/admin/tasks/api/tasks', {
          headers: { 'Content-Type': type },
          body: '{"queue":"default","name":"greet","params":{}}',
        });
        expect(answer).toMatchObject({ status: 415, type: PROBLEM_TYPE });
      }
    });

    it('refuses a form where no body is needed, from a browser that says nothing of where it comes from', async () => {
      await start();
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        for (const body of ['', 'a=1']) {
          const init = { headers: { 'Content-Type': type }, body };
          const answer = await app!.ask('POST', '/admin/tasks/api/queues/default/pause', init);
          expect(answer).toMatchObject({ status: 415, type: PROBLEM_TYPE });
        }
      }
      expect((await app!.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
    });
  });

  describe('with guards', () => {
    const outside = { 'X-Forwarded-For': '198.51.100.7' };

    it.each([
      ['a provider of another module, with what it injects', KeyGuard, true, false],
      ['given by forRootAsync', KeyGuard, true, true],
      ['a class that no module lists', UnlistedGuard, false, false],
      ['an object', new UnlistedGuard(), false, false],
    ])('asks %s, wherever the request comes from', async (_what, guard, withModule, isAsync) => {
      await start({ async: isAsync, imports: withModule ? [KeyModule] : [], tasks: { admin: { guards: [guard] } } });
      const ask = (key: string): Promise<{ status: number; type: string | null }> =>
        app!.get('queues', { headers: { ...outside, 'X-Key': key } });
      expect(await ask('right')).toMatchObject({ status: 200 });
      expect(await ask('wrong')).toMatchObject({ status: 403, type: PROBLEM_TYPE });
    });

    it('makes a request-scoped guard for each request', async () => {
      await start({ providers: [RequestGuard], tasks: { admin: { guards: [RequestGuard] } } });
      expect((await app!.get('queues', { headers: { 'X-Key': 'right' } })).status).toBe(200);
      expect((await app!.get('queues', { headers: { 'X-Key': 'wrong' } })).status).toBe(403);
    });

    it("answers with a guard's own status", async () => {
      await start({ imports: [KeyModule], tasks: { admin: { guards: [KeyGuard] } } });
      const answer = await app!.get('queues');
      expect(answer).toMatchObject({
        status: 401,
        type: PROBLEM_TYPE,
        body: { title: 'Unauthorized', detail: 'Who are you?' },
      });
    });

    it('asks them in their order until one refuses, and takes observables', async () => {
      const asked: string[] = [];
      const guard = (name: string, answer: boolean): CanActivate => ({
        canActivate: () => {
          asked.push(name);
          return of(!answer, answer);
        },
      });
      await start({ tasks: { admin: { guards: [guard('one', true), guard('two', false), guard('three', true)] } } });
      expect((await app!.get('queues')).status).toBe(403);
      expect(asked).toEqual(['one', 'two']);
    });

    it('tells nothing of a guard that breaks', async () => {
      const broken: CanActivate = {
        canActivate: () => {
          throw new Error('the password is 1234');
        },
      };
      await start({ tasks: { admin: { guards: [broken] } } });
      const answer = await app!.get('queues');
      expect(answer).toMatchObject({ status: 500, type: PROBLEM_TYPE, body: { code: 'internal_error' } });
      expect(answer.text).not.toContain('1234');
    });

    it('stops the boot for a guard that cannot be made', async () => {
      await expect(start({ tasks: { admin: { guards: [NeedyGuard] } } })).rejects.toThrow(/admin\.guards.*NeedyGuard/);
    });

    it('takes changes from the origins that were listed, through a proxy that changes Host', async () => {
      await start({ tasks: { admin: { guards: [letIn], origins: ['http://panel.example'] } } });
      const from = (origin: string): RequestInit => ({ headers: { ...outside, Origin: origin } });
      expect((await app!.post('queues/default/pause', undefined, from('http://panel.example'))).status).toBe(200);
      const foreign = await app!.post('queues/default/resume', undefined, from('http://evil.example'));
      expect(foreign).toMatchObject({ status: 403, body: { code: 'cross_origin' } });
      expect(foreign.text).toContain('admin.origins');
    });

    // Over plain HTTP there is no Sec-Fetch-Site, and an app that allows CORS with credentials lets a script send any header.
    it.each(['X-Forwarded-Host', 'X-Original-Host', 'Forwarded'])(
      'refuses reads and changes of a page that names its own host in %s',
      async (name) => {
        await start({
          tasks: { admin: { guards: [letIn] } },
          configure: (nest) => nest.enableCors({ origin: true, credentials: true }),
        });
        const { id } = await app!.dispatcher.queue('default', 'greet', {});
        const value = name === 'Forwarded' ? 'host=shop.example' : 'shop.example';
        const init = { headers: { Origin: 'http://shop.example', [name]: value } };
        for (const answer of [
          await app!.get(`tasks/${id}`, init),
          await app!.get('events', init),
          await app!.post('queues/default/pause', undefined, init),
          await app!.delete(`tasks/${id}`, init),
        ]) {
          expect(answer).toMatchObject({ status: 403, type: PROBLEM_TYPE, body: { code: 'cross_origin' } });
        }
        expect((await app!.get(`tasks/${id}`)).status).toBe(200);
        expect((await app!.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
      },
    );

    it('refuses a Host that is a domain which is none of the origins, where there are some', async () => {
      const { port } = await start({
        tasks: { admin: { guards: [letIn], origins: ['https://panel.example', 'http://panel.lan:8080'] } },
      });
      const ask = (host: string): ReturnType<typeof rawRequest> =>
        rawRequest(port, '/admin/tasks/api/queues', { headers: { host, 'sec-fetch-site': 'same-origin' } });
      for (const host of ['panel.example', 'panel.lan:8080', `127.0.0.1:${port}`, 'app:3000']) {
        expect((await ask(host)).status, host).toBe(200);
      }
      const rebound = await ask(`evil.example:${port}`);
      expect(rebound).toMatchObject({ status: 403, body: expect.stringContaining('"unknown_host"') });
      expect(rebound.body).toContain('admin.origins');
    });
  });

  it("asks the app's global guards too, and answers for them with a problem", async () => {
    class Nobody implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>().headers['x-key'] === 'right';
      }
    }
    await start({ providers: [{ provide: APP_GUARD, useClass: Nobody }] });
    expect(await app!.get('queues')).toMatchObject({ status: 403, type: PROBLEM_TYPE });
    expect((await app!.get('queues', { headers: { 'X-Key': 'right' } })).status).toBe(200);
  });

  it('refuses every change where it is read-only, and still shows', async () => {
    await start({ tasks: { admin: { readOnly: true } } });
    const { id } = await app!.dispatcher.queue('default', 'greet', {});
    for (const [method, path] of [
      ['POST', 'tasks'],
      ['POST', 'tasks/bulk'],
      ['POST', `tasks/${id}/cancel`],
      ['POST', `tasks/${id}/retry`],
      ['POST', `tasks/${id}/run-now`],
      ['DELETE', `tasks/${id}`],
      ['POST', 'queues/default/pause'],
      ['POST', 'crons/nightly/trigger'],
      ['POST', 'crons/nightly/pause'],
    ] as const) {
      const answer = await app!.ask(method, `/admin/tasks/api/${path}`);
      expect(answer).toMatchObject({ status: 403, type: PROBLEM_TYPE, body: { code: 'read_only' } });
    }
    expect(await app!.get(`tasks/${id}`)).toMatchObject({ status: 200, body: { state: 'available' } });
    expect((await app!.ask('GET', '/admin/tasks')).text).toContain('data-read-only="true"');
  });
});
