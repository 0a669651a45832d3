import type { Cluster } from 'ioredis';
import type { BullmqOptions, RedisClient, RedisConnection } from '../bullmq-options.js';
import { hostProblem, MAX_PORT, numberProblem } from './given-place.js';

type Given = NonNullable<BullmqOptions['connection']>;

const RIGHT = '{ host: "localhost", port: 6379 }, "redis://localhost:6379" or a client of ioredis';

/** Names that other drivers have for an option, or that belong elsewhere, with what would be right: ioredis ignores them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  uri: '"url"',
  connectionString: '"url"',
  hostname: '"host"',
  server: '"host"',
  user: '"username"',
  userName: '"username"',
  pass: '"password"',
  auth: '"password"',
  auth_pass: '"password"',
  database: '"db"',
  dbIndex: '"db"',
  ssl: '"tls"',
  useTLS: '"tls"',
  masterName: '"name" beside "sentinels"',
  sentinelName: '"name" beside "sentinels"',
  redisUrl: '"url"',
  socket: '"host" and "port", or "path" for a Unix socket',
  unix: '"path"',
  socketPath: '"path"',
  cluster: 'a Cluster of ioredis as "connection"',
  nodes: 'a Cluster of ioredis as "connection"',
  rootNodes: 'a Cluster of ioredis as "connection"',
  clusterNodes: 'a Cluster of ioredis as "connection"',
  servers: 'a Cluster of ioredis as "connection"',
  redis: 'its options without it',
  redisOptions: 'its options without it',
  connection: 'its options without it',
  prefix: '"prefix" beside "connection"',
  keyPrefix: '"prefix" beside "connection", which BullMQ goes by',
};

/** Options of ioredis that are numbers, switches or functions: of the query of a URL it makes texts, so that "false" is true. */
const NO_TEXTS: ReadonlySet<string> = new Set([
  'autoResendUnfulfilledCommands',
  'autoResubscribe',
  'commandTimeout',
  'connectTimeout',
  'disconnectTimeout',
  'enableAutoPipelining',
  'enableOfflineQueue',
  'enableReadyCheck',
  'keepAlive',
  'lazyConnect',
  'maxLoadingRetryTime',
  'maxRetriesPerRequest',
  'noDelay',
  'readOnly',
  'reconnectOnError',
  'retryStrategy',
  'sentinels',
  'socketTimeout',
]);

/** Says what is wrong with `connection`, worded to follow its name; null where nothing is. No value of it is shown. */
export function redisProblem(value: unknown): string | null {
  if (typeof value === 'string') return urlProblem(value);
  if (isClient(value)) return clientProblem(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `must be ${RIGHT}`;
  if ('sendCommand' in value || 'send' in value || ('isOpen' in value && 'isReady' in value)) {
    return `must be a client of ioredis, and is one of another driver: give ${RIGHT}`;
  }
  return optionsProblem(value as RedisConnection);
}

/** Options and URLs of Redis; a `Redis` of the app is known by its options too. */
export function isRedisClient(given: Given): given is RedisClient {
  return isClient(given);
}

export function isCluster(given: Given | undefined): given is Cluster & RedisClient {
  return isClient(given) && (given as { isCluster?: unknown }).isCluster === true;
}

/** The options of a client, and those that a cluster has for each of its nodes. */
interface KeyPrefixed {
  readonly keyPrefix?: unknown;
}

function isClient(value: unknown): value is RedisClient & { readonly options?: KeyPrefixed } {
  if (typeof value !== 'object' || value === null) return false;
  return (['connect', 'duplicate', 'defineCommand'] as const).every(
    (name) => typeof (value as Record<string, unknown>)[name] === 'function',
  );
}

function clientProblem({
  options,
}: {
  readonly options?: KeyPrefixed & { redisOptions?: KeyPrefixed };
}): string | null {
  return options?.keyPrefix || options?.redisOptions?.keyPrefix
    ? 'is a client with "keyPrefix", which BullMQ cannot work with: leave that out, and give "prefix" beside "connection"'
    : null;
}

function optionsProblem(options: RedisConnection): string | null {
  for (const [name, right] of Object.entries(OTHER_NAMES)) {
    if (options[name] !== undefined) return `has "${name}", which ioredis does not know: give ${right}`;
  }
  const { url, host, path, sentinels } = options;
  // A URL without a number takes that of the option beside it.
  const wrong =
    hostProblem(host, '"url"') ?? numberProblem('port', options.port, MAX_PORT) ?? numberProblem('db', options.db);
  if (wrong) return wrong;
  if ('url' in options) {
    if (typeof url === 'string' && url !== '') return wrongUrl(url) && `has a "url" that ${wrongUrl(url)}`;
    if ([host, path, sentinels].every((place) => place === undefined)) {
      return `has a "url" that is ${url === '' ? 'empty' : String(url)}: is the variable set that it comes from?`;
    }
  }
  if (sentinels === undefined) return null;
  if (!Array.isArray(sentinels) || sentinels.length === 0) return 'has "sentinels" that are no list of places';
  return typeof options.name === 'string' && options.name !== ''
    ? null
    : 'has "sentinels", and no "name": give the name of the group that they watch, such as "mymaster"';
}

function urlProblem(url: string): string | null {
  const problem = wrongUrl(url);
  return problem && `${problem}, or must be an object such as { host: "localhost", port: 6379 }`;
}

function wrongUrl(url: string): string | null {
  const right = 'must be a URL such as "redis://localhost:6379", "rediss://…" with TLS, or the path of a Unix socket';
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (url.trim() === '' || (scheme !== undefined && scheme !== 'redis' && scheme !== 'rediss')) return right;
  const full = scheme === undefined ? `redis://${url}` : url;
  return URL.canParse(full) ? queryProblem(new URL(full).searchParams) : right;
}

function queryProblem(query: URLSearchParams): string | null {
  if (query.has('keyPrefix')) return 'must have no "keyPrefix" in its query: give "prefix" beside "connection"';
  const name = [...query.keys()].find((key) => NO_TEXTS.has(key));
  return name === undefined
    ? null
    : `must have no "${name}" in its query, which is a text there: give { url, ${name} } as "connection"`;
}
