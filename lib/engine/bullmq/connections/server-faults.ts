import { messageOf } from '../../../contract/index.js';

/** Errors of servers and drivers: which of them say that the server cannot be used now, and what would be right. */

const CONNECTION_CODES: readonly unknown[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
];

/** PostgreSQL: connection exceptions, too few resources, shutdowns, a server that only reads. */
const POSTGRES_STATES = /^(?:08|53|57P|25006|40)/;
/** Redis: what it answers while it loads its file, is full, fails over or cannot write to its disk. */
const REDIS_REPLIES = /^(?:LOADING|OOM|MISCONF|READONLY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN)\b/;
/** The drivers' own words. */
const DRIVER_MESSAGES =
  /^(?:Connection terminated|Connection is closed|Client has encountered|Query read timeout|timeout e|Reached the max retries)|Socket timeout|Command timed out|Stream isn't writeable|All sentinels are unreachable|Failed to refresh slots cache|^None of startup nodes is available|^Cluster is dis|^Command aborted due to connection close/;

/** It waits for the server to be there again: nothing is wrong with what was asked. */
export function isServerFault(error: unknown): boolean {
  const code = codeOf(error);
  return (
    CONNECTION_CODES.includes(code) ||
    (typeof code === 'string' && POSTGRES_STATES.test(code)) ||
    REDIS_REPLIES.test(reasonOf(error)) ||
    DRIVER_MESSAGES.test(reasonOf(error)) ||
    DRIVER_MESSAGES.test(messageOf(error))
  );
}

/**
 * The message of an error. One of several addresses of a host has no message of its own; a cluster's says only that none of
 * its nodes could be asked, and the last node's says why.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errors, lastNodeError } = error as { errors?: readonly unknown[]; lastNodeError?: unknown };
  if (lastNodeError) return reasonOf(lastNodeError);
  const before = discardedBy(error);
  if (before) return before.message;
  if (error.message !== '') return error.message;
  if (errors?.[0] !== undefined) return reasonOf(errors[0]);
  const code = codeOf(error);
  return typeof code === 'string' ? code : error.name;
}

/** Of a transaction Redis says that it was discarded, and before that why; a connection that was lost is one error of all. */
export function discardedBy(error: unknown): Error | null {
  const first = (error as { previousErrors?: readonly unknown[] }).previousErrors?.[0];
  return first instanceof Error && first !== error ? first : null;
}

interface Advice {
  /** Fits the error's code, or its message: that of several sentinels quotes the last one's. */
  readonly when: RegExp;
  readonly right: string;
  /** Waiting for it is of no use. */
  readonly isFinal?: true;
}

/** The first that fits counts. */
const ADVICE: readonly Advice[] = [
  {
    when: /^WRONGPASS|^28P01|invalid (?:username-)?password/,
    right: 'Wrong password or user name: give the user name and password that it knows',
    isFinal: true,
  },
  {
    when: /\bNOAUTH\b/,
    right: 'It wants a password: give "password", and "username" where it has users',
    isFinal: true,
  },
  { when: /^NOPERM|^42501/, right: 'Its user lacks a permission: see docs/engines/bullmq.md', isFinal: true },
  {
    when: /^28000/,
    right: 'It lets nobody in from here as this user: look at "user", "ssl" and its pg_hba.conf',
    isFinal: true,
  },
  { when: /^3D000/, right: 'Create the database, or give the name of one that there is', isFinal: true },
  {
    when: /DB index is out of range|invalid DB index/,
    right: 'It has no database of this number: look at "db"',
    isFinal: true,
  },
  { when: /\b(?:ENOTFOUND|EAI_AGAIN)\b/, right: 'No host of that name is known here: look at the address' },
  { when: /\bECONNREFUSED\b/, right: 'Nothing listens there: is it running, and is the address right?' },
  { when: /^ENOENT|^EACCES/, right: 'There is no such socket, or it may not be opened: look at the path' },
  {
    when: /^ERR_SSL|wrong version number|does not support SSL/,
    right: 'One side speaks TLS, the other does not: look at "tls" or "ssl"',
    isFinal: true,
  },
  {
    when: /CERT|certificate/,
    right: 'Its certificate is not trusted: give its authority as "tls.ca" or "ssl.ca"',
    isFinal: true,
  },
  { when: /^OOM/, right: 'Its memory is full: raise "maxmemory", or let tasks run and expire' },
  { when: /^MISCONF/, right: 'It cannot write to its disk: look at its log' },
  { when: /^READONLY|^25006/, right: 'It is a replica: give the address of the primary' },
];

/** Advice for an error, as a sentence without its full stop; null where nothing is known. */
export function adviceOf(error: unknown): string | null {
  return adviceFor(error)?.right ?? null;
}

/** Whether the server has answered, and will not answer otherwise until somebody changes something. */
export function isFinal(error: unknown): boolean {
  return adviceFor(error)?.isFinal === true;
}

function adviceFor(error: unknown): Advice | undefined {
  const code = codeOf(error);
  const texts = [typeof code === 'string' ? code : '', reasonOf(error)];
  return ADVICE.find(({ when }) => texts.some((text) => when.test(text)));
}

function codeOf(error: unknown): unknown {
  const { code, errors, lastNodeError } = (error ?? {}) as {
    code?: unknown;
    errors?: readonly unknown[];
    lastNodeError?: unknown;
  };
  return (
    code ?? (errors?.[0] as { code?: unknown } | undefined)?.code ?? (lastNodeError ? codeOf(lastNodeError) : undefined)
  );
}
