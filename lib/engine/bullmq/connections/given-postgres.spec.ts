import { Client, Pool } from 'pg';
import { describe, expect, it } from 'vitest';
import { isPool, poolOptions, postgresProblem } from './given-postgres.js';

const RIGHT =
  'must be a connection string that begins with "postgres://", options of pg such as { host, database }, or a pool of pg';

describe('where PostgreSQL is', () => {
  it.each([
    'postgres://localhost/app',
    'postgresql://user:secret@host:5432/app',
    'postgres://user@/app?host=/tmp',
    'postgres://user:secret@/app?host=/tmp',
    'socket:/tmp/?db=app',
    '/tmp app',
  ])('may be said as %s, alone and as "connectionString"', (text) => {
    expect(postgresProblem(text)).toBeNull();
    expect(postgresProblem({ connectionString: text })).toBeNull();
  });

  it.each(['', 'redis://localhost', 'xpostgres://a', 'localhost', 'postgres://a:b:c', 'a/b'])(
    'may not be said as "%s"',
    (text) => {
      expect(postgresProblem(text)).toBe(RIGHT);
    },
  );

  it.each([7, null, undefined, [], true])('is nothing such as %j', (value) => {
    expect(postgresProblem(value)).toBe(RIGHT);
  });

  it.each([
    [{}],
    [{ host: 'a', database: 'b' }],
    [{ migrate: true }],
    [{ migrate: false }],
    [{ skipMigrations: true }],
  ])('may be options such as %j', (options) => {
    expect(postgresProblem(options)).toBeNull();
  });

  it('says which part is wrong of where it is', () => {
    expect(postgresProblem({ host: 'postgres://prod/app' })).toContain('"connectionString"');
    expect(postgresProblem({ port: NaN })).toContain('"port"');
  });

  it.each<[object, string]>([
    [{ connectionString: '' }, 'has a "connectionString" that is empty: is the variable set that it comes from?'],
    [
      { connectionString: undefined },
      'has a "connectionString" that is empty: is the variable set that it comes from?',
    ],
    [{ connectionString: 7 }, 'has a "connectionString" that must begin with "postgres://"'],
    [{ connectionString: 'mysql://a' }, 'has a "connectionString" that must begin with "postgres://"'],
    [{ migrate: 'no' }, 'has a "migrate" that must be true or false, without "skipMigrations" beside it'],
    [
      { migrate: true, skipMigrations: true },
      'has a "migrate" that must be true or false, without "skipMigrations" beside it',
    ],
  ])('is not told by %j', (options, problem) => {
    expect(postgresProblem(options)).toBe(problem);
  });

  it.each([
    ['url', '"connectionString"'],
    ['uri', '"connectionString"'],
    ['hostname', '"host"'],
    ['username', '"user"'],
    ['pass', '"password"'],
    ['db', '"database"'],
    ['dbname', '"database"'],
    ['type', 'the options of pg, and not those of TypeORM'],
    ['schema', 'none: the tables of BullMQ are in the schema "bullmq"'],
    ['prefix', 'a database of its own to each app'],
  ])('is not told by "%s", but by %s', (name, right) => {
    expect(postgresProblem({ [name]: 'x' })).toBe(`has "${name}", which pg does not know: give ${right}`);
    expect(postgresProblem({ [name]: undefined })).toBeNull();
  });
});

describe('a pool of the app', () => {
  it('is one of pg, and not one of its connections', () => {
    expect(isPool(new Pool())).toBe(true);
    expect(postgresProblem(new Pool())).toBeNull();
    const one = 'must be a pool of pg: one connection, or a DataSource, cannot listen for each worker';
    expect(postgresProblem(new Client())).toBe(one);
    expect(postgresProblem({ query: 1 })).toBe(one);
    expect(postgresProblem({ createQueryRunner: 1 })).toBe(one);
  });

  it('has all that a pool has', () => {
    const method = (): void => undefined;
    const pool = { options: {}, connect: method, query: method, end: method, totalCount: 0 };
    expect(isPool(pool)).toBe(true);
    for (const name of Object.keys(pool)) expect(isPool({ ...pool, [name]: undefined })).toBe(name === 'options');
    const { options: _options, ...without } = pool;
    for (const given of [without, null, undefined, 7, 'postgres://a']) expect(isPool(given)).toBe(false);
  });

  it('gives its options away, its password too, which it hides', () => {
    expect(poolOptions('postgres://a/b')).toEqual({ connectionString: 'postgres://a/b' });
    const options = { host: 'a' };
    expect(poolOptions(options)).toBe(options);
    expect({ ...poolOptions(new Pool({ host: 'a', password: 'secret' })) }).toMatchObject({
      host: 'a',
      password: 'secret',
    });
    expect(poolOptions(new Pool({ host: 'a' }))).not.toHaveProperty('password');
  });
});
