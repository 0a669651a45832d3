import { describe, expect, it } from 'vitest';
import { adviceOf, isFinal, isServerFault, reasonOf } from './server-faults.js';

const coded = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code });
const named = (message: string): Error => new Error(message);

describe('an error that says that the server is not there', () => {
  it.each([
    ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'].map(
      (code) => coded(code),
    ),
    ...['EPIPE', 'ETIMEDOUT', '08006', '53300', '57P01', '25006', '40001'].map((code) => coded(code)),
    ...[
      'LOADING x',
      'OOM x',
      'MISCONF x',
      'READONLY x',
      'MASTERDOWN x',
      'CLUSTERDOWN x',
      'NOREPLICAS x',
      'TRYAGAIN x',
    ].map(named),
    ...[
      'Connection terminated unexpectedly',
      'Connection is closed.',
      'Client has encountered a connection error',
      'Query read timeout',
      'timeout exceeded',
      'Reached the max retries per request limit',
      'a Socket timeout',
      'the Command timed out',
      "Stream isn't writeable",
      'All sentinels are unreachable',
      'Failed to refresh slots cache.',
      'None of startup nodes is available',
      'Cluster is disconnected',
      'Command aborted due to connection close',
    ].map(named),
    new AggregateError([coded('ECONNREFUSED')], ''),
    Object.assign(new Error('Failed'), { lastNodeError: coded('ECONNREFUSED') }),
    Object.assign(named('Failed to refresh slots cache.'), { lastNodeError: named('other') }),
  ])('%s', (error) => {
    expect(isServerFault(error)).toBe(true);
  });

  it.each<unknown>([
    coded('23505'),
    coded('EACCES'),
    coded('108006'),
    Object.assign(named('no'), { code: 53_300 }),
    named('WRONGTYPE'),
    named('OOMS'),
    named('x LOADING'),
    named('a Connection is closed'),
    named('my timeout exceeded'),
    null,
    undefined,
    'text',
  ])('is none: %s', (error) => {
    expect(isServerFault(error)).toBe(false);
  });
});

describe('the reason of an error', () => {
  it.each<[string, unknown, string]>([
    ['its message', named('broken'), 'broken'],
    ['the text that was thrown', 'text', 'text'],
    ['nothing', undefined, 'undefined'],
    ['that of the first of several', new AggregateError([named('first'), named('second')], ''), 'first'],
    ['its own message before those', new AggregateError([named('first')], 'all'), 'all'],
    ["that of a cluster's last node", Object.assign(named('Failed'), { lastNodeError: named('why') }), 'why'],
    ['its code, where it says no more', coded('ECONNREFUSED', ''), 'ECONNREFUSED'],
    ['its name, where it has nothing else', new TypeError(''), 'TypeError'],
    ['its name, where its code is none', Object.assign(new RangeError(''), { code: 7 }), 'RangeError'],
    ['its name, where there are none of several', new AggregateError([], ''), 'AggregateError'],
  ])('is %s', (_what, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});

describe('the error of a transaction', () => {
  it('that was discarded is the one that discarded it', () => {
    const error = named('EXECABORT Transaction discarded because of previous errors.');
    Object.assign(error, { previousErrors: [named('OOM command not allowed')] });
    expect(reasonOf(error)).toBe('OOM command not allowed');
    expect(isServerFault(error)).toBe(true);
  });

  it('may be among those before it: each command has that of the connection that was lost', () => {
    const error = named('Connection is closed.');
    Object.assign(error, { previousErrors: [error, error] });
    expect(reasonOf(error)).toBe('Connection is closed.');
    expect(isServerFault(error)).toBe(true);
  });
});

describe('what would be right', () => {
  it('is not told by a number', () => {
    expect(adviceOf(Object.assign(named('no'), { code: 42_501 }))).toBeNull();
  });

  it.each<[unknown, RegExp, boolean]>([
    [named('WRONGPASS invalid username-password pair'), /^Wrong password or user name/, true],
    [coded('28P01'), /^Wrong password or user name/, true],
    [named('ERR invalid password'), /^Wrong password or user name/, true],
    [named('NOAUTH Authentication required.'), /^It wants a password/, true],
    [named('All sentinels: NOAUTH Authentication'), /^It wants a password/, true],
    [named('NOPERM this user'), /^Its user lacks a permission/, true],
    [coded('42501'), /^Its user lacks a permission/, true],
    [coded('28000'), /^It lets nobody in/, true],
    [coded('3D000'), /^Create the database/, true],
    [named('ERR DB index is out of range'), /^It has no database of this number/, true],
    [named('ERR invalid DB index'), /^It has no database of this number/, true],
    [coded('ENOTFOUND'), /^No host of that name/, false],
    [named('getaddrinfo EAI_AGAIN prod'), /^No host of that name/, false],
    [coded('ECONNREFUSED'), /^Nothing listens there/, false],
    [new AggregateError([coded('ECONNREFUSED')], ''), /^Nothing listens there/, false],
    [coded('ENOENT'), /^There is no such socket/, false],
    [coded('EACCES'), /^There is no such socket/, false],
    [coded('ERR_SSL_X'), /^One side speaks TLS/, true],
    [named('wrong version number'), /^One side speaks TLS/, true],
    [named('The server does not support SSL connections'), /^One side speaks TLS/, true],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), /^Its certificate is not trusted/, true],
    [named('self-signed certificate'), /^Its certificate is not trusted/, true],
    [named('OOM command not allowed'), /^Its memory is full/, false],
    [named('MISCONF Redis'), /^It cannot write to its disk/, false],
    [named("READONLY You can't write"), /^It is a replica/, false],
    [coded('25006'), /^It is a replica/, false],
  ])('%s', (error, advice, isForGood) => {
    expect(adviceOf(error)).toMatch(advice);
    expect(isFinal(error)).toBe(isForGood);
  });

  it.each<unknown>([
    named('something else'),
    named('a WRONGPASS'),
    named('my NOPERM'),
    coded('x42501'),
    coded('128P01'),
    coded('x28000'),
    coded('x3D000'),
    coded('xENOENT'),
    coded('xEACCES'),
    coded('xERR_SSL'),
    named('my OOM'),
    named('my MISCONF'),
    named('my READONLY'),
    coded('x25006'),
    named('NOAUTHORITY'),
    null,
  ])('is not known of %s', (error) => {
    expect(adviceOf(error)).toBeNull();
    expect(isFinal(error)).toBe(false);
  });
});
