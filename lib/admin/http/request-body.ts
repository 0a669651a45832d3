import type { IncomingMessage } from 'node:http';
import { header, rawRequest, type HttpRequest } from './http-types.js';
import { ProblemError } from './problem.js';

interface BodyHeaders {
  readonly type: string | undefined;
  readonly length: string | undefined;
  readonly encoding: string | undefined;
  readonly transfer: string | undefined;
}

const setAside = new WeakMap<IncomingMessage, BodyHeaders>();

/**
 * Makes a request look as if it had no body, so that the app's parsers (and their limits and errors, which come before
 * any guard) leave it to {@link readJsonBody}.
 */
export function setBodyAside(request: IncomingMessage): void {
  if (setAside.has(request)) return;
  setAside.set(request, bodyHeaders(request));
  delete request.headers['content-type'];
  delete request.headers['content-length'];
  delete request.headers['transfer-encoding'];
}

function bodyHeaders(request: IncomingMessage): BodyHeaders {
  return {
    type: header(request, 'content-type'),
    length: header(request, 'content-length'),
    encoding: header(request, 'content-encoding'),
    transfer: header(request, 'transfer-encoding'),
  };
}

/**
 * The request's body as a JSON object.
 * @param limit bytes
 * @throws ProblemError 400 (no JSON), 413, 415, 422 (JSON that is no object)
 */
export async function readJsonBody(request: HttpRequest, limit: number): Promise<Record<string, unknown>> {
  const raw = rawRequest(request);
  const headers = setAside.get(raw) ?? bodyHeaders(raw);
  requireJson(headers);
  if (Number(headers.length) > limit) throw tooLarge(limit);
  // Consumed: a parser that the app put before everything was first.
  const value = raw.readableEnded ? request.body : parse(await readText(raw, limit));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProblemError(422, 'invalid_request', 'The body must be a JSON object.', {
      errors: [{ field: '', message: 'must be a JSON object' }],
    });
  }
  return value as Record<string, unknown>;
}

/** What a page of another site can send without asking first, by a form or a script. */
const TYPES_OF_FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/**
 * For what needs no body: a program sends none, and a form sends one always.
 * @throws ProblemError 415
 */
export function refuseForms(request: HttpRequest): void {
  const raw = rawRequest(request);
  const { type } = setAside.get(raw) ?? bodyHeaders(raw);
  if (!TYPES_OF_FORMS.includes(mediaTypeOf(type) ?? '')) return;
  throw new ProblemError(
    415,
    'unsupported_media_type',
    'Forms may not use this API: send application/json, or nothing where no body is needed.',
  );
}

function mediaTypeOf(type: string | undefined): string | undefined {
  return type?.split(';')[0]!.trim().toLowerCase();
}

function requireJson({ type, length, transfer, encoding }: BodyHeaders): void {
  if (transfer === undefined && (length === undefined || length === '0')) {
    throw new ProblemError(400, 'invalid_json', 'The request needs a body: a JSON object.');
  }
  // A form of another site can send text, but not this type without asking first.
  const mediaType = mediaTypeOf(type);
  if (mediaType !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(mediaType ?? '')) {
    throw new ProblemError(415, 'unsupported_media_type', 'The body must be JSON: send Content-Type application/json.');
  }
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ProblemError(415, 'unsupported_media_type', 'The body must be sent without Content-Encoding.');
  }
}

async function readText(raw: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      raw.off('data', take).off('end', end).off('error', fail).off('close', fail);
      outcome();
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) settle(() => reject(tooLarge(limit)));
    };
    const end = (): void => settle(resolve);
    const fail = (): void => settle(() => reject(new ProblemError(400, 'invalid_json', 'The body ended too early.')));
    // A client that left while the guards were asked has had its events.
    if (raw.destroyed) return fail();
    raw.on('data', take).on('end', end).on('error', fail).on('close', fail);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new ProblemError(400, 'invalid_json', 'The body is not UTF-8 text.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold what must not be shown.
    throw new ProblemError(400, 'invalid_json', 'The body is not valid JSON.');
  }
}

function tooLarge(limit: number): ProblemError {
  const detail = `The body is larger than ${limit} bytes ("maxParamsSize" and some room for the rest).`;
  return new ProblemError(413, 'body_too_large', detail, { limit });
}
