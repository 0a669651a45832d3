import type { IncomingMessage, ServerResponse } from 'node:http';

/** The part that Express's and Fastify's requests have in common. */
export interface HttpRequest {
  readonly method: string;
  readonly params?: Readonly<Record<string, string | undefined>>;
  /** The body as the app's own parser read it, where it came first. */
  readonly body?: unknown;
  /** Fastify's way to Node's request; Express's request is Node's. */
  readonly raw?: IncomingMessage;
}

/** The part that Express's and Fastify's responses have in common; a response is written through Nest's HTTP adapter. */
export interface HttpResponse {
  /** Fastify's way to Node's response; Express's response is Node's. */
  readonly raw?: ServerResponse;
  /** Fastify: the response is written past it. */
  hijack?(): unknown;
}

export function rawRequest(request: HttpRequest): IncomingMessage {
  return request.raw ?? (request as unknown as IncomingMessage);
}

export function rawResponse(response: HttpResponse): ServerResponse {
  return response.raw ?? (response as unknown as ServerResponse);
}

/** Path and query as the client sent them, wherever the app has mounted what answers. */
export function requestUrl(request: HttpRequest): URL {
  const raw = rawRequest(request) as IncomingMessage & { originalUrl?: string };
  const target = raw.originalUrl ?? raw.url ?? '/';
  // A target may be absolute, or begin with two slashes, which a URL would read as a host.
  return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(target) ? target : `http://host${target}`);
}

/** A header that may stand once; undefined where it is absent. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
