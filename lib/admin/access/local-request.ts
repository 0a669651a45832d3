import type { IncomingMessage } from 'node:http';
import { header } from '../http/http-types.js';

const FORWARDING_HEADERS = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
];

/**
 * Why a request does not come straight from this machine, or null where it does. The peer's address is not enough: a
 * proxy on this machine makes everybody look local, and a page whose name resolves to 127.0.0.1 makes the browser ask
 * in its own name.
 */
export function notLocal(request: IncomingMessage): string | null {
  if (!isLoopbackAddress(request.socket.remoteAddress)) return 'it comes from another machine';
  const forwarding = FORWARDING_HEADERS.find((name) => request.headers[name] !== undefined);
  if (forwarding) return `it came through a proxy (header "${forwarding}")`;
  if (!isLocalHost(hostOf(request))) return 'its Host is not a name of this machine';
  return null;
}

/** HTTP/2 has `:authority` in the place of `Host`. */
export function hostOf(request: IncomingMessage): string | undefined {
  return header(request, 'host') ?? header(request, ':authority');
}

function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address);
}

function isLocalHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  return /^(?:(?:[\w-]+\.)*localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}
