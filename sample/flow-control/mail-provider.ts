import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A mail provider on this machine: takes so many mails in a span, and answers 429 to the others. */
export class MailProvider {
  readonly sent: string[] = [];
  refused = 0;
  private taken: number[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param per milliseconds */
  static async start(max: number, per: number): Promise<MailProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const provider = new MailProvider(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => {
      const now = Date.now();
      provider.taken = provider.taken.filter((at) => at > now - per);
      if (provider.taken.length >= max) {
        provider.refused += 1;
        const wait = provider.taken[0]! + per - now;
        response.writeHead(429, { 'retry-after': String(Math.ceil(wait / 1_000)) }).end();
      } else {
        provider.taken.push(now);
        provider.sent.push(new URL(request.url!, provider.url).searchParams.get('to')!);
        response.writeHead(202).end();
      }
      request.resume();
    });
    return provider;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
