import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StoreBook } from '../../lib/engine/port/transfer-store.js';
import { move } from '../../src/migrate/move.js';
import { parseStoreAddress } from '../../src/migrate/store-address.js';
import { tempDirectory } from '../module/support.js';
import { migrate } from './support/run-migrate.js';
import { someTasks } from './support/some-tasks.js';
import { fill, opened, read } from './support/stored.js';

const OF_MAIL = { name: 'send_email' };
const OF_TENANT = { queue: 'imports', key: '42' };
const OF_CUSTOMER = { tag: { customer: '7' } };

describe('A move that is given up', () => {
  it('leaves the target with the pauses, and with what was set of its queues, that it had before', async () => {
    const [from, to] = ['from.db', 'to.db'].map((name) => join(tempDirectory(), name)) as [string, string];
    await fill(from, someTasks(10, Date.now()));
    const [source, target] = [await opened(from), await opened(to)];
    const nothing = { schedules: [], sensitive: new Map(), secrets: new Map() };
    const before: StoreBook = {
      ...nothing,
      paused: ['mail'],
      pauses: [OF_TENANT, OF_CUSTOMER],
      flows: new Map([['imports', { keyConcurrency: 2 }]]),
    };
    await target.importBook(before);
    await source.importBook({
      ...nothing,
      paused: ['reports'],
      pauses: [OF_MAIL, OF_TENANT],
      flows: new Map([
        ['imports', { keyConcurrency: 5, globalConcurrency: 9 }],
        ['reports', { rateLimit: { max: 1, per: 1_000 } }],
      ]),
    });

    // All has come over by then.
    const dies = (): Promise<never> => Promise.reject(new Error('the machine died'));
    const dying = new Proxy(target, {
      get: (store, name: keyof typeof target) => (name === 'flush' ? dies : store[name]!.bind(store)),
    });
    const options = { id: 'one', lease: 1_000 };
    const output = { progress: () => undefined, compared: () => undefined };
    const [shownFrom, shownTo] = [from, to].map((address) => parseStoreAddress(address, '--from').shown);
    const moving = move({ shown: shownFrom!, store: source }, { shown: shownTo!, store: dying }, options, output);
    await expect(moving).rejects.toThrow('the machine died');
    expect((await target.exportBook()).pauses).toHaveLength(3);

    const { code, err } = await migrate(from, to, '--abandon');
    expect(code, err).toBe(0);
    const { paused, pauses, flows } = await target.exportBook();
    expect({ paused, pauses, flows }).toEqual({ paused: before.paused, pauses: before.pauses, flows: before.flows });
    expect(await read(target)).toEqual([]);
    expect(await read(source)).toHaveLength(10);
  });
});
