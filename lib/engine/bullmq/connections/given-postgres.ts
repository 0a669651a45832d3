import type { BullmqOptions, PostgresConnection, PostgresPool } from '../bullmq-options.js';
import { hostProblem, MAX_PORT, numberProblem } from './given-place.js';

type Given = NonNullable<BullmqOptions['postgres']>;

const RIGHT =
  'a connection string that begins with "postgres://", options of pg such as { host, database }, or a pool of pg';

/** Names of other drivers for an option, or such as belong elsewhere, with what would be right: pg ignores them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  url: '"connectionString"',
  uri: '"connectionString"',
  hostname: '"host"',
  username: '"user"',
  pass: '"password"',
  db: '"database"',
  dbname: '"database"',
  userName: '"user"',
  socketPath: '"host", with the folder of the socket',
  service: '"host" and the others of the service, as pg reads no file of services',
  sslmode: '"ssl"',
  tls: '"ssl"',
  poolSize: '"max"',
  connectionLimit: '"max"',
  type: 'the options of pg, and not those of TypeORM',
  search_path: 'none: the tables of BullMQ are in the schema "bullmq"',
  searchPath: 'none: the tables of BullMQ are in the schema "bullmq"',
  schema: 'none: the tables of BullMQ are in the schema "bullmq"',
  prefix: 'a database of its own to each app',
};

/** Says what is wrong with `postgres`, worded to follow its name; null where nothing is. No value of it is shown. */
export function postgresProblem(value: unknown): string | null {
  if (typeof value === 'string') {
    return isConnectionString(value) ? null : `must be ${RIGHT}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `must be ${RIGHT}`;
  if (isPool(value)) return null;
  if ('query' in value || 'createQueryRunner' in value) {
    return 'must be a pool of pg: one connection, or a DataSource, cannot listen for each worker';
  }
  const options = value as PostgresConnection;
  for (const [name, right] of Object.entries(OTHER_NAMES)) {
    if (options[name] !== undefined) return `has "${name}", which pg does not know: give ${right}`;
  }
  const { connectionString: text, host, port, migrate, skipMigrations } = options;
  const wrong = hostProblem(host, '"connectionString"') ?? numberProblem('port', port, MAX_PORT);
  if (wrong) return wrong;
  if (migrate !== undefined && (skipMigrations !== undefined || typeof migrate !== 'boolean')) {
    return 'has a "migrate" that must be true or false, without "skipMigrations" beside it';
  }
  if (!('connectionString' in options)) return null;
  if (typeof text === 'string' && isConnectionString(text)) return null;
  if (text === undefined || text === '') {
    return 'has a "connectionString" that is empty: is the variable set that it comes from?';
  }
  return 'has a "connectionString" that must begin with "postgres://"';
}

export function isPool(given: unknown): given is PostgresPool {
  if (typeof given !== 'object' || given === null || !('options' in given)) return false;
  // A single client has no count.
  return (
    (['connect', 'query', 'end'] as const).every((name) => typeof (given as never)[name] === 'function') &&
    typeof (given as { totalCount?: unknown }).totalCount === 'number'
  );
}

/** The options of a pool, as another one is made with. */
export function poolOptions(given: Given): PostgresConnection {
  if (typeof given === 'string') return { connectionString: given };
  if (!isPool(given)) return given;
  const options = given.options as PostgresConnection;
  // A pool hides its password from whoever goes through its options.
  return { ...options, ...(options.password !== undefined && { password: options.password }) };
}

/** A URL, or a socket's path with the database behind it. */
function isConnectionString(text: string): boolean {
  return /^(?:postgres(?:ql)?|socket):/.test(text) ? URL.canParse(text.replace('@/', '@host/')) : text.startsWith('/');
}
