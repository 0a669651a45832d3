import { Cluster, Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { isCluster, isRedisClient, redisProblem } from './given-redis.js';

const URL_RIGHT = 'must be a URL such as "redis://localhost:6379", "rediss://…" with TLS, or the path of a Unix socket';
const client = new Redis({ lazyConnect: true });
const cluster = new Cluster([{ port: 1 }], { lazyConnect: true });

afterAll(() => {
  client.disconnect();
  cluster.disconnect();
});

describe('where Redis is', () => {
  it.each([
    'redis://localhost:6379',
    'rediss://user:secret@host:6380/1',
    'REDIS://localhost',
    'localhost',
    'localhost:6379',
    '/var/run/redis.sock',
    '/var/run/a://b.sock',
    'redis://localhost?family=6&db=1',
    'rediss://localhost?tls=RedisCloudFixed&ssl_cert_reqs=none',
    '/var/run/redis.sock?db=2',
  ])('may be said as %s, alone and as "url"', (url) => {
    expect(redisProblem(url)).toBeNull();
    expect(redisProblem({ url })).toBeNull();
  });

  it.each(['', ' ', 'http://localhost', 'postgres://secret@host', 'xredis://a', 'h2://a', 'redis://a:b:c', 'a:b:c'])(
    'may not be said as "%s"',
    (url) => {
      expect(redisProblem(url)).toBe(`${URL_RIGHT}, or must be an object such as { host: "localhost", port: 6379 }`);
    },
  );

  it.each([
    ['redis://localhost?connectTimeout=5000', 'connectTimeout'],
    ['localhost:6379?db=1&lazyConnect=false', 'lazyConnect'],
    ['/var/run/redis.sock?maxRetriesPerRequest=null', 'maxRetriesPerRequest'],
  ])('is no text where an option has to be something else: %s', (url, name) => {
    const problem = `must have no "${name}" in its query, which is a text there: give { url, ${name} } as "connection"`;
    expect(redisProblem(url)).toContain(problem);
    expect(redisProblem({ url })).toContain(problem);
  });

  it('has no prefix of keys of its own', () => {
    expect(redisProblem('redis://localhost?keyPrefix=app:')).toContain('"prefix" beside "connection"');
  });

  it('says in which option a wrong URL stands', () => {
    expect(redisProblem({ url: 'http://prod' })).toBe(`has a "url" that ${URL_RIGHT}`);
  });

  it.each([
    [{}],
    [{ host: 'prod' }],
    [{ host: 'prod', port: '6379' }],
    [{ path: '/redis.sock' }],
    [{ sentinels: [{ host: 'a' }], name: 'mymaster' }],
    [{ url: '', host: 'prod' }],
    [{ url: '', path: '/redis.sock' }],
    [{ url: undefined, sentinels: [{}], name: 'mymaster' }],
  ])('may be options such as %j', (options) => {
    expect(redisProblem(options)).toBeNull();
  });

  it.each<[object, string]>([
    [{ url: '' }, 'has a "url" that is empty: is the variable set that it comes from?'],
    [{ url: undefined }, 'has a "url" that is undefined: is the variable set that it comes from?'],
    [{ url: 7 }, 'has a "url" that is 7: is the variable set that it comes from?'],
    [{ port: NaN }, 'has a "port" that is no number: is the variable set that it comes from?'],
    [{ sentinels: [] }, 'has "sentinels" that are no list of places'],
    [{ sentinels: 'a' }, 'has "sentinels" that are no list of places'],
    [
      { sentinels: [{}] },
      'has "sentinels", and no "name": give the name of the group that they watch, such as "mymaster"',
    ],
    [
      { sentinels: [{}], name: '' },
      'has "sentinels", and no "name": give the name of the group that they watch, such as "mymaster"',
    ],
    [
      { sentinels: [{}], name: 7 },
      'has "sentinels", and no "name": give the name of the group that they watch, such as "mymaster"',
    ],
  ])('is not told by %j', (options, problem) => {
    expect(redisProblem(options)).toBe(problem);
  });

  it.each([
    ['uri', '"url"'],
    ['connectionString', '"url"'],
    ['hostname', '"host"'],
    ['server', '"host"'],
    ['user', '"username"'],
    ['pass', '"password"'],
    ['auth', '"password"'],
    ['auth_pass', '"password"'],
    ['database', '"db"'],
    ['socket', '"host" and "port", or "path" for a Unix socket'],
    ['unix', '"path"'],
    ['socketPath', '"path"'],
    ['cluster', 'a Cluster of ioredis as "connection"'],
    ['nodes', 'a Cluster of ioredis as "connection"'],
    ['rootNodes', 'a Cluster of ioredis as "connection"'],
    ['clusterNodes', 'a Cluster of ioredis as "connection"'],
    ['servers', 'a Cluster of ioredis as "connection"'],
    ['redis', 'its options without it'],
    ['redisOptions', 'its options without it'],
    ['connection', 'its options without it'],
    ['prefix', '"prefix" beside "connection"'],
    ['keyPrefix', '"prefix" beside "connection", which BullMQ goes by'],
  ])('is not told by "%s", but by %s', (name, right) => {
    expect(redisProblem({ [name]: 'x' })).toBe(`has "${name}", which ioredis does not know: give ${right}`);
    expect(redisProblem({ [name]: undefined })).toBeNull();
  });

  it.each([7, null, undefined, [], true])('is nothing such as %j', (value) => {
    expect(redisProblem(value)).toMatch(/^must be \{ host: "localhost", port: 6379 \}/);
  });
});

describe('a client of the app', () => {
  it('may be one of ioredis', () => {
    expect([redisProblem(client), redisProblem(cluster)]).toEqual([null, null]);
    expect([isRedisClient(client), isRedisClient(cluster)]).toEqual([true, true]);
    expect([isCluster(client), isCluster(cluster)]).toEqual([false, true]);
  });

  it('is none that options are', () => {
    for (const given of ['redis://a', { host: 'a' }, { isCluster: true }] as never[]) {
      expect([isRedisClient(given), isCluster(given)]).toEqual([false, false]);
    }
    expect(isCluster(undefined)).toBe(false);
    expect(isRedisClient({ connect: 1, duplicate: 1, defineCommand: 1 })).toBe(false);
    expect(isRedisClient({ connect: () => 1, duplicate: () => 1 })).toBe(false);
  });

  it.each([[{ sendCommand: 1 }], [{ send: 1 }], [{ isOpen: true, isReady: true }]])(
    'cannot be one of another driver: %j',
    (other) => {
      expect(redisProblem(other)).toMatch(/^must be a client of ioredis, and is one of another driver: give \{ host/);
    },
  );

  it('is taken for options by one of the names of another driver', () => {
    expect(redisProblem({ isOpen: true })).toBeNull();
    expect(redisProblem({ isReady: true })).toBeNull();
  });

  it('has no prefix of its own', () => {
    const method = (): void => undefined;
    const own = { connect: method, duplicate: method, defineCommand: method };
    expect(redisProblem(own)).toBeNull();
    expect(redisProblem({ ...own, options: { keyPrefix: '' } })).toBeNull();
    expect(redisProblem({ ...own, options: { keyPrefix: 'shop' } })).toMatch(/^is a client with "keyPrefix"/);
  });
});
