import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { notLocal } from './local-request.js';

function request(remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headers: { host: 'localhost:3000', ...headers } } as unknown as IncomingMessage;
}

describe('notLocal', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('lets the peer %s in', (address) => {
    expect(notLocal(request(address))).toBeNull();
  });

  it.each(['10.0.0.5', '::ffff:10.0.0.5', '2001:db8::1', '1127.0.0.1', '127.0.0.1.evil.example', undefined])(
    'keeps the peer %s out',
    (address) => {
      expect(notLocal(request(address))).toContain('another machine');
    },
  );

  it.each(['localhost', 'LOCALHOST:8080', 'panel.localhost:1', '127.0.0.1', '127.1.2.3:9', '[::1]', '[::1]:3000'])(
    'lets the host %s in',
    (host) => {
      expect(notLocal(request('127.0.0.1', { host }))).toBeNull();
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evillocalhost',
    '[::2]',
    '',
    '0.0.0.0',
  ])('keeps the host "%s" out, whose name may have been made to point here', (host) => {
    expect(notLocal(request('127.0.0.1', { host }))).toContain('Host');
  });

  it('keeps out a request without a host', () => {
    const { socket } = request('127.0.0.1');
    expect(notLocal({ socket, headers: {} } as unknown as IncomingMessage)).toContain('Host');
  });

  it('takes the authority of HTTP/2 for the host', () => {
    const { socket } = request('127.0.0.1');
    const with2 = (authority: string): IncomingMessage =>
      ({ socket, headers: { ':authority': authority } }) as unknown as IncomingMessage;
    expect(notLocal(with2('localhost:3000'))).toBeNull();
    expect(notLocal(with2('evil.example'))).toContain('Host');
  });

  it.each([
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-server',
    'x-forwarded-port',
    'x-forwarded-prefix',
    'x-forwarded',
    'x-original-host',
    'x-real-ip',
    'x-client-ip',
    'x-cluster-client-ip',
    'true-client-ip',
    'fastly-client-ip',
    'cf-connecting-ip',
    'cf-ray',
    'cdn-loop',
    'x-envoy-external-address',
    'x-azure-clientip',
    'via',
  ])('keeps out what a proxy marked with %s, even if empty', (name) => {
    expect(notLocal(request('127.0.0.1', { [name]: '' }))).toContain(name);
  });

  it.each(['x-forward', 'x-request-id', 'viable', 'x-via', 'authorization', 'cookie', 'origin'])(
    'takes %s for no mark of a proxy',
    (name) => {
      expect(notLocal(request('127.0.0.1', { [name]: 'x' }))).toBeNull();
    },
  );
});
