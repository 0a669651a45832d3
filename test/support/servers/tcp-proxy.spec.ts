import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpProxy } from './tcp-proxy.js';

/** Unlike `once`, does not take an error for more than it is here: the reason of the close. */
const gone = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));

describe('a TCP proxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const clients: Socket[] = [];

  async function client(): Promise<Socket> {
    const socket = connect(proxy.port, proxy.host);
    socket.on('error', () => undefined);
    clients.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async function echoed(socket: Socket, text: string): Promise<string> {
    const heard = once(socket, 'data');
    socket.write(text);
    return String(((await heard) as [Buffer])[0]);
  }

  beforeEach(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxy = await TcpProxy.start((echo.address() as AddressInfo).port);
  });

  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.destroy();
    await proxy.close();
    await new Promise((resolve) => echo.close(resolve));
  });

  it('forwards in both directions, and the end of a connection', async () => {
    const socket = await client();
    expect(await echoed(socket, 'over')).toBe('over');
    expect(proxy.connections).toBe(1);
    const ended = once(socket, 'end');
    socket.end();
    await ended;
  });

  it('drops what is connected and takes new connections', async () => {
    const sockets = [await client(), await client()];
    for (const socket of sockets) await echoed(socket, 'x');
    const closed = sockets.map((socket) => gone(socket));
    proxy.dropAll();
    await Promise.all(closed);
    expect(await echoed(await client(), 'again')).toBe('again');
  });

  it('refuses until it forwards again', async () => {
    proxy.refuse();
    const refused = connect(proxy.port, proxy.host);
    refused.on('error', () => undefined);
    await gone(refused);
    proxy.forward();
    expect(await echoed(await client(), 'again')).toBe('again');
  });

  it('swallows what is sent, for ever on what was connected then', async () => {
    const before = await client();
    await echoed(before, 'x');
    proxy.swallow();
    const during = await client();
    let heard = '';
    for (const socket of [before, during]) {
      socket.on('data', (chunk) => (heard += String(chunk)));
      socket.write('lost');
    }
    proxy.forward();
    // An answer on a later connection: one to what was sent before it would have come.
    expect(await echoed(await client(), 'again')).toBe('again');
    expect(heard).toBe('');
    expect([before, during].every((socket) => !socket.destroyed)).toBe(true);
  });

  it('delays without changing the order', async () => {
    const socket = await client();
    await echoed(socket, 'x');
    let heard = '';
    const all = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        heard += String(chunk);
        if (heard.length === 2) resolve();
      });
    });
    const begun = performance.now();
    proxy.delay(100);
    socket.write('a');
    proxy.delay(50);
    socket.write('b');
    await all;
    expect(heard).toBe('ab');
    expect(performance.now() - begun).toBeGreaterThan(95);
  });
});
