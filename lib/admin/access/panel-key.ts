import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Operations } from '../../operations/index.js';
import { ADMIN_OPERATIONS } from '../admin.constants.js';
import { header } from '../http/http-types.js';

/** Under which the store keeps it. */
export const PANEL_KEY_SECRET = 'panel-key';
const KEY_BYTES = 32;
const COOKIE_PREFIX = 'nestjs-tasks-';
const COOKIE_LIFE_SECONDS = 30 * 24 * 60 * 60;

/** The proof that a request shows to be let in. */
type Credentials = 'right' | 'wrong' | 'none';

/**
 * The key of a panel that has no guards: a secret in the store, so that it outlives restarts and is the same for every
 * process. Programs send it as a bearer token; the page has it changed for a cookie that no script can read.
 */
@Injectable()
export class PanelKey {
  private known: Promise<string> | null = null;
  /** One question for all requests that wait for its answer. */
  private asked: Promise<string> | null = null;

  constructor(@Inject(ADMIN_OPERATIONS) private readonly operations: Operations) {}

  /** @throws StoreError where the store does not answer; it is asked again the next time */
  value(): Promise<string> {
    this.known ??= this.stored().catch((error: unknown) => {
      this.known = null;
      throw error;
    });
    return this.known;
  }

  /**
   * A store that was emptied has another key, which a process that has started since made: before a request is sent away
   * with what it shows, the store is asked.
   */
  async credentialsOf(request: IncomingMessage): Promise<Credentials> {
    const credentials = credentialsFor(await this.value(), request);
    if (credentials === 'right' || !showsAny(request)) return credentials;
    return credentialsFor(await this.valueNow(), request);
  }

  /** What was known, where the store does not answer. */
  private valueNow(): Promise<string> {
    this.asked ??= this.stored()
      .then(
        (key) => (this.known = Promise.resolve(key)),
        () => this.value(),
      )
      .finally(() => (this.asked = null));
    return this.asked;
  }

  private stored(): Promise<string> {
    return this.operations.store.secret(PANEL_KEY_SECRET, randomBytes(KEY_BYTES).toString('base64url'));
  }

  /**
   * The value of `Set-Cookie`. It names no path: the browser takes that of the request, up to its last slash, which is
   * the panel's, also behind a proxy that takes a prefix away.
   */
  async cookie(request: IncomingMessage): Promise<string> {
    const key = await this.value();
    const attributes = [`Max-Age=${COOKIE_LIFE_SECONDS}`, 'HttpOnly', 'SameSite=Strict'];
    if (isOverTls(request)) attributes.push('Secure');
    return [`${cookieName(key)}=${cookieValue(key)}`, ...attributes].join('; ');
  }
}

/** A bearer token counts before a cookie: whoever sends one means it. */
function credentialsFor(key: string, request: IncomingMessage): Credentials {
  const bearer = bearerOf(request);
  if (bearer !== undefined) return isSame(bearer, key) ? 'right' : 'wrong';
  const cookies = cookiesOf(request, cookieName(key));
  if (cookies.length === 0) return 'none';
  return cookies.some((value) => isSame(value, cookieValue(key))) ? 'right' : 'wrong';
}

/** Whether a request shows something that may be right for another key than the one that is known. */
function showsAny(request: IncomingMessage): boolean {
  return bearerOf(request) !== undefined || header(request, 'cookie')?.includes(COOKIE_PREFIX) === true;
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header(request, 'authorization') ?? '')?.[1];
}

/** Browsers tell the apps of one host apart by the names of their cookies alone, not by their ports. */
function cookieName(key: string): string {
  return `${COOKIE_PREFIX}${createHash('sha256').update(key).digest('base64url').slice(0, 12)}`;
}

/** Not the key itself, which a browser need not keep. */
function cookieValue(key: string): string {
  return createHmac('sha256', key).update('cookie').digest('base64url');
}

function cookiesOf(request: IncomingMessage, name: string): string[] {
  const pairs = (header(request, 'cookie') ?? '').split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

/** In the same time wherever they differ, and however long they are. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** The browser's own word counts too: a proxy may have ended TLS before the app. */
function isOverTls(request: IncomingMessage): boolean {
  return 'encrypted' in request.socket || header(request, 'origin')?.startsWith('https://') === true;
}
