import { resolve } from 'node:path';
import type { RedisConnection } from '../../lib/engine/bullmq/index.js';
import { databasePathProblem, IN_MEMORY } from '../../lib/engine/sqlite/store/database-path.js';
import { UsageError } from '../cli/usage-error.js';

/** Where a store is, as an option names it. */
export type StoreAddress = { readonly shown: string } & (
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'redis'; readonly connection: RedisConnection; readonly prefix: string | undefined }
  | { readonly kind: 'postgres'; readonly url: string }
);

const FORMS = 'a SQLite file, redis://host:port/db, rediss://… or postgres://user@host/database';

/**
 * @param option its name, for the message
 * @throws UsageError for what is no address; the message has no password
 */
export function parseStoreAddress(text: string, option: string): StoreAddress {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const problem =
      text === IN_MEMORY ? 'must be a file: a store in memory ends with its process' : databasePathProblem(text);
    if (problem !== null) throw new UsageError(`${option} ${problem}.`, 'migrate');
    const file = resolve(text);
    return { kind: 'sqlite', file, shown: file };
  }
  if (!URL.canParse(text)) throw new UsageError(`${option} is no address that can be read: give ${FORMS}.`, 'migrate');
  const url = new URL(text);
  if (scheme === 'redis' || scheme === 'rediss') return redisAddress(url, option);
  if (scheme === 'postgres' || scheme === 'postgresql') return { kind: 'postgres', url: text, shown: shown(url) };
  throw new UsageError(`${option} cannot begin with "${scheme}://": give ${FORMS}.`, 'migrate');
}

function redisAddress(url: URL, option: string): StoreAddress {
  const path = url.pathname.replace(/^\//, '');
  if (!/^\d{0,5}$/.test(path)) {
    throw new UsageError(`${option} has "${path}" for the number of a database: redis://host:port/0.`, 'migrate');
  }
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'prefix');
  if (unknown !== undefined) throw new UsageError(`${option} has "${unknown}", but takes only "prefix".`, 'migrate');
  const db = Number(path);
  const port = Number(url.port || 6379);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1';
  const prefix = url.searchParams.get('prefix') ?? undefined;
  const connection: RedisConnection = {
    host,
    port,
    db,
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
  const named = prefix === undefined ? '' : `?prefix=${encodeURIComponent(prefix)}`;
  const place = `${url.protocol}//${url.hostname || host}:${port}/${db}${named}`;
  return { kind: 'redis', connection, prefix, shown: place };
}

/** Without what may be secret. */
function shown({ hostname, port, pathname }: URL): string {
  return `postgres://${hostname || 'localhost'}:${port || 5432}${pathname}`;
}
