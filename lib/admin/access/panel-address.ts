import type { IncomingMessage, Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Inject, Injectable, Logger, RequestMethod, type OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { messageOf } from '../../contract/index.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import { PanelKey } from './panel-key.js';

/** Addresses that mean every interface, by the name of this machine that reaches them. */
const EVERY_INTERFACE: Readonly<Record<string, string>> = { '::': 'localhost', '0.0.0.0': '127.0.0.1' };

/**
 * Tells where the panel is, with its key behind `#`, which a browser sends to no server. The port is known once the app
 * listens; where something other than Nest makes it listen, once a request comes that lacks the key.
 */
@Injectable()
export class PanelAddress implements OnApplicationBootstrap {
  private readonly logger = new Logger('TasksAdmin');
  /** The key that the log has, empty where the panel has none; null before it has the address. */
  private loggedKey: string | null = null;

  constructor(
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly key: PanelKey,
    private readonly host: HttpAdapterHost,
    private readonly config: ApplicationConfig,
  ) {}

  onApplicationBootstrap(): void {
    const server = this.server;
    if (this.settings.notMounted !== null || !server) return;
    if (server.listening) void this.log(this.origin());
    else server.once('listening', () => void this.log(this.origin()));
  }

  /** The address with the key, where it takes one; null where the app listens on no port. */
  async url(): Promise<string | null> {
    const origin = this.origin();
    return origin === null ? null : this.urlUnder(origin, await this.currentKey());
  }

  /** Logs the address where it was not logged yet with the key that is wanted now. */
  logFor({ socket }: IncomingMessage): void {
    void this.log(`${'encrypted' in socket ? 'https' : 'http'}://localhost:${socket.localPort}`);
  }

  private get server(): Server | undefined {
    return (this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined)?.getHttpServer() as Server | undefined;
  }

  private async log(origin: string | null): Promise<void> {
    const of = this.settings.store === 'default' ? '' : ` of the store "${this.settings.store}"`;
    try {
      const key = await this.currentKey();
      if (key === this.loggedKey) return;
      this.loggedKey = key;
      this.logger.log(`Panel${of}: ${origin === null ? this.path() : this.urlUnder(origin, key)}`);
    } catch (error) {
      this.logger.warn(`The key of the panel${of} could not be read: ${messageOf(error)}`);
    }
  }

  private urlUnder(origin: string, key: string): string {
    const url = `${origin}${this.path()}`;
    return key === '' ? url : `${url}#key=${key}`;
  }

  /** Empty where the panel has none. */
  private async currentKey(): Promise<string> {
    return this.settings.access === 'key' ? this.key.value() : '';
  }

  /** Null for a socket that is a file. */
  private origin(): string | null {
    const server = this.server;
    const address = server?.address();
    if (!server || typeof address !== 'object' || address === null) return null;
    const name = EVERY_INTERFACE[address.address] ?? address.address;
    const host = isIPv6(name) ? `[${name}]` : name;
    return `${server instanceof TlsServer ? 'https' : 'http'}://${host}:${address.port}`;
  }

  private path(): string {
    const path = `/${this.settings.path}`;
    const prefix = this.config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
    const isExcluded = this.config
      .getGlobalPrefixOptions()
      .exclude?.some(
        ({ pathRegex, requestMethod }) =>
          [RequestMethod.ALL, RequestMethod.GET].includes(requestMethod) && pathRegex.test(path),
      );
    return prefix === '' || isExcluded ? path : `/${prefix}${path}`;
  }
}
