import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, to cut, refuse and slow their connections. */
export class TcpProxy {
  readonly host = '127.0.0.1';
  private readonly sockets = new Set<Socket>();
  /** Those whose bytes go nowhere. */
  private readonly mute = new WeakSet<Socket>();
  private refusing = false;
  private swallowing = false;
  private delayMs = 0;

  private constructor(private readonly server: Server) {}

  /** @param target the loopback port that is forwarded to */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on('connection', (client) => proxy.join(client, target));
    await new Promise<void>((resolve) => server.listen(0, proxy.host, resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.sockets.size / 2;
  }

  /** Lets new connections through, which is so at first. */
  forward(): void {
    this.refusing = false;
    this.swallowing = false;
  }

  /** Cuts every connection without a goodbye; new ones are taken. */
  dropAll(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Cuts every connection, and new ones as they come, until {@link forward}. */
  refuse(): void {
    this.refusing = true;
    this.dropAll();
  }

  /**
   * Takes whatever is sent and passes nothing on, as a network that is gone without a word. New connections are taken
   * and hear nothing, until {@link forward}; those that were there by then are never answered, nor cut.
   */
  swallow(): void {
    this.swallowing = true;
    for (const socket of this.sockets) this.mute.add(socket);
  }

  /** Holds back what is sent in either direction by `milliseconds`, from now on. */
  delay(milliseconds: number): void {
    this.delayMs = milliseconds;
  }

  async close(): Promise<void> {
    this.refuse();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket, target: number): void {
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target, this.host);
    this.pipe(client, upstream);
    this.pipe(upstream, client);
  }

  private pipe(from: Socket, to: Socket): void {
    this.sockets.add(from);
    if (this.swallowing) this.mute.add(from);
    // Timers of one delay fire in order, but a delay made shorter must not let bytes overtake others.
    let last = Promise.resolve();
    const send = (act: () => void): void => {
      const wait = this.delayMs;
      const waited = wait === 0 ? null : new Promise<void>((resolve) => setTimeout(resolve, wait));
      last = last.then(() => waited ?? undefined).then(act);
    };
    from.on('data', (chunk) => send(() => void (to.destroyed || this.mute.has(from) || to.write(chunk))));
    from.on('end', () => send(() => void (to.destroyed || to.end())));
    // A failed connection is told of by its end.
    from.on('error', () => undefined);
    from.on('close', (failed) => {
      this.sockets.delete(from);
      if (failed) to.resetAndDestroy();
      else send(() => void to.end());
    });
  }
}
