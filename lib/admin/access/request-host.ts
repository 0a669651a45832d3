import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { header } from '../http/http-types.js';

/** HTTP/2 has `:authority` in the place of `Host`. */
export function hostOf(request: IncomingMessage): string | undefined {
  return header(request, 'host') ?? header(request, ':authority');
}

/** Whether a `Host` is a name that means this machine, everywhere. */
export function isLoopbackName(host: string | undefined): boolean {
  if (host === undefined) return false;
  return /^(?:(?:[\w-]+\.)*localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}

/**
 * Whether a stranger may own the name in a `Host`, and so make it point to this app (DNS rebinding). Addresses, names of
 * this machine and names without a dot are nobody's to register.
 */
export function isRegistrable(host: string | undefined): boolean {
  if (host === undefined || isLoopbackName(host)) return false;
  const name = host.replace(/:\d{1,5}$/, '');
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return false;
  return !/^[\w-]+$/.test(name);
}
