import type { IncomingMessage } from 'node:http';
import { header } from '../http/http-types.js';
import { hostOf } from './request-host.js';

/**
 * Whether a request is from the panel itself or from no page at all (a program, the address bar), by what browsers say
 * and scripts cannot change. `Sec-Fetch-Site` decides where it is there: browsers send it over HTTPS and to this machine.
 * Over plain HTTP there is `Origin`, which must be that of the request's `Host` or one of `origins`.
 *
 * @param origins under which the panel is reached, where a proxy changes `Host`: {@link AdminOptions.origins}
 */
export function isSameOrigin(request: IncomingMessage, origins: readonly string[]): boolean {
  const site = header(request, 'sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = header(request, 'origin');
  if (origin === undefined || origins.includes(origin.toLowerCase())) return true;
  const host = hostOf(request);
  return host !== undefined && isOriginOf(origin, host);
}

/** Following a link to the page, or opening it from a bookmark: its own scripts then ask for the rest. */
export function isNavigation(request: IncomingMessage): boolean {
  return (
    request.method === 'GET' &&
    header(request, 'sec-fetch-mode') === 'navigate' &&
    header(request, 'sec-fetch-dest') === 'document' &&
    request.headers.origin === undefined
  );
}

/** Whether one of `origins` has the host. */
export function isHostOf(origins: readonly string[], host: string | undefined): boolean {
  return host !== undefined && origins.some((origin) => isOriginOf(origin, host));
}

function isOriginOf(origin: string, host: string): boolean {
  // `null` (a sandboxed frame, a file) is nobody's origin.
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  // A page in an app's web view has another scheme, such as "file://", whose host may well be "localhost".
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  // Parsed with the origin's scheme, so that a default port is dropped on both sides.
  const asked = `${protocol}//${host}`;
  return URL.canParse(asked) && new URL(asked).host === originHost;
}
