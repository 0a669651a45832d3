import { NotFoundException } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../lib/contract/index.js';
import { ADAPTERS, AdminApp, type AdapterName } from '../admin/support/admin-app.js';
import { fuzzPanel, storeSecrets } from './support/fuzz-panel.js';
import { SECRET } from './support/hostile.js';

let app: AdminApp | undefined;
afterEach(async () => {
  await app?.stop();
  app = undefined;
});

function start(adapter: AdapterName): Promise<AdminApp> {
  return AdminApp.start({ adapter, tasks: { workers: false, maxParamsSize: '64KiB' } });
}

describe.each(ADAPTERS)('whatever is sent to the panel on %s', (adapter) => {
  it('is answered without a fault, and changes nothing where it is refused', async () => {
    app = await start(adapter);
    const { failure, statuses } = await fuzzPanel(app, await storeSecrets(app), 600);
    expect(failure).toBeNull();
    expect((await app.get('queues')).status).toBe(200);
    // The requests went beyond the first check: some were taken, and some refused for each of the usual reasons.
    expect([...statuses]).toEqual(expect.arrayContaining([200, 201, 403, 404, 422]));
  });
});

/** Each is a fault that the panel does not have: the same search must find it. */
const FAULTS: Array<[string, string, (app: AdminApp) => void]> = [
  [
    'an error that nobody foresaw',
    'status 500',
    ({ operations }) => (operations.tasks.list = () => Promise.reject(new Error('Unforeseen'))),
  ],
  [
    'a stack in an answer',
    'tells of the inside',
    ({ operations }) => (operations.tasks.get = () => Promise.reject(new NotFoundException(new Error('Gone').stack))),
  ],
  [
    'a secret in an answer',
    'shows a secret',
    ({ operations: { tasks } }) => {
      const { get } = tasks;
      tasks.get = async (id) => ({ ...(await get.call(tasks, id)), params: { card: SECRET } });
    },
  ],
  [
    'a task stored and refused',
    'changed something and refused',
    ({ dispatcher }) => {
      const queue = dispatcher.queue.bind(dispatcher) as (...given: unknown[]) => Promise<never>;
      dispatcher.queue = async (...given: unknown[]) => {
        await queue(...given);
        throw new InvalidArgumentError('priority', 'No.');
      };
    },
  ],
];

describe('the search for faults', () => {
  it.each(FAULTS)('finds %s', async (_what, fault, breakIt) => {
    app = await start('express');
    const ids = await storeSecrets(app);
    breakIt(app);
    expect((await fuzzPanel(app, ids, 1_000)).failure).toContain(fault);
  });
});
