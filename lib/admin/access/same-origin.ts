import type { IncomingMessage } from 'node:http';
import { header } from '../http/http-types.js';
import { hostOf } from './local-request.js';

/**
 * Whether a request is from the panel itself or from no page at all (a program, the address bar), by what browsers say
 * and scripts cannot change.
 *
 * @param behindProxy a proxy may stand before the app: `X-Forwarded-Host` counts, and where the browser itself says
 *   same-origin a rewritten `Host` does not matter
 */
export function isSameOrigin(request: IncomingMessage, behindProxy: boolean): boolean {
  const site = header(request, 'sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (behindProxy && site === 'same-origin') return true;
  const origin = header(request, 'origin');
  if (origin === undefined) return true;
  const hosts = [hostOf(request)];
  if (behindProxy) hosts.push(header(request, 'x-forwarded-host')?.split(',')[0]!.trim());
  return hosts.some((host) => host !== undefined && isOriginOf(origin, host));
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
