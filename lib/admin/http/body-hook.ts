import type { IncomingMessage } from 'node:http';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { setBodyAside } from './request-body.js';

interface HookedInstance {
  use?(middleware: (request: IncomingMessage, response: unknown, next: () => void) => void): unknown;
  addHook?(
    name: 'onRequest',
    hook: (request: { raw: IncomingMessage }, reply: unknown, done: () => void) => void,
  ): unknown;
}

/**
 * Sets the bodies of the panel's requests aside before the app's parsers see them. Parsers are registered when the app is
 * initialised, so this must run before; the adapter is there when providers are made, save in a testing module, which
 * gets its adapter later.
 */
export function hookBodies(host: HttpAdapterHost, config: ApplicationConfig, path: string): void {
  const hook = (): void => {
    const instance = host.httpAdapter?.getInstance<HookedInstance>();
    if (!instance) return;
    const see = (request: IncomingMessage): void => {
      if (isPanelRequest(request, config, path)) setBodyAside(request);
    };
    if (instance.addHook) {
      instance.addHook('onRequest', (request, _reply, done) => {
        see(request.raw);
        done();
      });
    } else {
      instance.use?.((request, _response, next) => {
        see(request);
        next();
      });
    }
  };
  if (host.httpAdapter) hook();
  else host.init$.subscribe(hook);
}

function isPanelRequest(request: IncomingMessage, config: ApplicationConfig, path: string): boolean {
  const found = panelPattern(config.getGlobalPrefix(), path).exec(pathOf(request));
  if (!found) return false;
  // A GET may carry a body too, which the parsers read. Beside the API the panel answers nothing else.
  return found[1] !== undefined || request.method === 'GET' || request.method === 'HEAD';
}

/** As the routers see it: Fastify's knows `%61pi` for `api`, Express's takes a target that is absolute. */
function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '').replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0]!;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const patterns = new Map<string, RegExp>();

/** The prefix is set after the module was made, may be excluded for the panel, and may hold parameters (`:tenant`). */
function panelPattern(prefix: string, path: string): RegExp {
  const key = JSON.stringify([prefix, path]);
  let pattern = patterns.get(key);
  if (!pattern) {
    const segments = (text: string): string =>
      text
        .split('/')
        .filter((segment) => segment !== '')
        .map((segment) => `/${segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
        .join('');
    pattern = new RegExp(
      `^(?:${segments(prefix)})?${segments(path)}(?:(/api(?:/|$)|/session$)|/?$|/page\\.(?:js|css)$)`,
      'i',
    );
    patterns.set(key, pattern);
  }
  return pattern;
}
