import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A reverse proxy that serves an app under a prefix which the app does not know, as `location /ops/` of nginx does. */
export class StrippingProxy {
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(prefix: string, targetPort: number): Promise<StrippingProxy> {
    const server = createServer((incoming, outgoing) => {
      if (!incoming.url!.startsWith(`${prefix}/`)) {
        outgoing.writeHead(404).end();
        return;
      }
      const headers = {
        ...incoming.headers,
        host: `127.0.0.1:${targetPort}`,
        'x-forwarded-for': incoming.socket.remoteAddress,
        'x-forwarded-host': incoming.headers.host,
      };
      const path = incoming.url!.slice(prefix.length);
      const sent = request(
        { port: targetPort, host: '127.0.0.1', path, method: incoming.method, headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(outgoing);
        },
      );
      sent.on('error', () => outgoing.destroy());
      outgoing.on('close', () => sent.destroy());
      incoming.pipe(sent);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new StrippingProxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
