import { randomUUID } from 'node:crypto';
import { askFor } from '../run/ask-for.js';

/** The Redis of the run, for specs that keep to prefixes of their own and leave the server as it is. */
export class SharedRedis {
  readonly host = '127.0.0.1';

  private constructor(readonly port: number) {}

  static async join(): Promise<SharedRedis> {
    return new SharedRedis((await askFor('redis')).port);
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  get connection(): { readonly host: string; readonly port: number } {
    return { host: this.host, port: this.port };
  }

  /** A prefix that nobody else has. */
  createPrefix(): string {
    return `test-${randomUUID()}`;
  }
}
