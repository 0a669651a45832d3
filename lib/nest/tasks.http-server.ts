import type { Server } from 'node:net';
import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { SCHEDULE_MODULE_OPTIONS } from '../contract/index.js';

export interface AppServerParts {
  readonly host: HttpAdapterHost;
  readonly modules: ModulesContainer;
}

/** The app's HTTP server, as far as a shutdown needs it; nothing where the app has none. */
export class AppServer {
  constructor(private readonly parts: AppServerParts) {}

  /**
   * Frees the port: new connections are refused from now on, and requests that are under way go on. Nest itself closes the
   * server later, after handlers have ended, and waits for those requests.
   *
   * Where a provider has a `beforeApplicationShutdown`, the server is left to Nest: that hook is the app's last work before
   * its server closes, such as serving on until a load balancer has looked elsewhere.
   */
  stopListening(): void {
    const adapter = this.parts.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    const server = adapter?.getHttpServer() as Server | undefined;
    if (server?.listening && !this.isKeptByApp()) server.close();
  }

  private isKeptByApp(): boolean {
    for (const { providers, controllers, injectables } of this.parts.modules.values()) {
      // Its hook clears the timers of @nestjs/schedule.
      if (providers.has(SCHEDULE_MODULE_OPTIONS)) continue;
      for (const { instance } of [...providers.values(), ...controllers.values(), ...injectables.values()]) {
        if (hasHook(instance)) return true;
      }
    }
    return false;
  }
}

function hasHook(instance: unknown): boolean {
  return typeof (instance as { beforeApplicationShutdown?: unknown } | null)?.beforeApplicationShutdown === 'function';
}
