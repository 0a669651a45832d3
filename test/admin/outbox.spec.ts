import { afterEach, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import { tempDirectory } from '../module/support.js';
import { AdminApp } from './support/admin-app.js';

describe('GET api/outbox', () => {
  let panel: AdminApp | undefined;
  afterEach(() => panel?.stop());

  it('says that there is none', async () => {
    panel = await AdminApp.start();
    expect(await panel.get('outbox')).toMatchObject({ status: 200, body: { enabled: false, queues: [] } });
  });

  it('says what waits in one', async () => {
    const dataSource = new DataSource({ type: 'better-sqlite3', database: `${tempDirectory()}/app.db` });
    await dataSource.initialize();
    panel = await AdminApp.start({ tasks: { outbox: { dataSource } } });
    expect(await panel.get('outbox')).toMatchObject({ status: 200, body: { enabled: true, queues: [] } });
    expect(await panel.get('outbox?queue=x')).toMatchObject({ status: 422 });
  });
});
