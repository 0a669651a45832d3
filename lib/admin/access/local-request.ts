import type { IncomingMessage } from 'node:http';
import { hostOf, isLoopbackName } from './request-host.js';

/** Headers that proxies, load balancers and content delivery networks add to what they pass on. */
const FORWARDING_HEADERS = [
  /^forwarded$/,
  /^via$/,
  /^cdn-loop$/,
  /^x-forwarded(?:-|$)/,
  /^x-original-/,
  /^(?:x-real|x-client|x-cluster-client|true-client|fastly-client|fly-client|wl-proxy-client|do-connecting)-ip$/,
  /^(?:cf|x-envoy|x-azure|x-arr|x-amz-cf|x-appengine)-/,
];

/**
 * Why a request does not come straight from this machine, or null where nothing says so. That is no proof: a web server
 * on this machine may pass a stranger's request on with a loopback `Host` and no header of its own.
 */
export function notLocal(request: IncomingMessage): string | null {
  if (!isLoopbackAddress(request.socket.remoteAddress)) return 'it comes from another machine';
  const forwarding = Object.keys(request.headers).find((name) => FORWARDING_HEADERS.some((known) => known.test(name)));
  if (forwarding) return `it came through a proxy (header "${forwarding}")`;
  // A page whose name resolves to 127.0.0.1 makes the browser ask in its own name.
  if (!isLoopbackName(hostOf(request))) return 'its Host is not a name of this machine';
  return null;
}

function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address);
}
