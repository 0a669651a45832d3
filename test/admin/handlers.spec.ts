import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

describe.each(ADAPTERS)('the handlers of the process, on %s', (adapter) => {
  let app: AdminApp;

  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
  });
  afterAll(() => app.stop());

  it('are told by name, with the fields of their params', async () => {
    const answer = await app.get('handlers');
    expect(answer).toMatchObject({ status: 200, type: 'application/json' });
    const handlers = answer.body as Array<{ name: string; kind: string }>;
    const names = handlers.map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    expect(handlers).toEqual(
      expect.arrayContaining([
        { name: 'greet', queue: null, kind: 'method', params: null },
        {
          name: 'order',
          queue: null,
          kind: 'method',
          params: {
            fields: [
              { name: 'amount', type: 'integer', required: true, sensitive: false, min: 1 },
              { name: 'card', type: 'string', required: true, sensitive: true },
            ],
          },
        },
      ]),
    );
    expect(handlers.filter(({ kind }) => kind === 'cron')).toMatchObject([{ params: null }]);
  });

  it('are asked for without a query', async () => {
    expect(await app.get('handlers?name=greet')).toMatchObject({ status: 422, body: { errors: [{ field: 'name' }] } });
  });
});
