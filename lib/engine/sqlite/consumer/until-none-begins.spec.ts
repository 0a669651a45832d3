import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DutySite } from '../../../../test/support/duty-site.js';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { until } from '../../../../test/support/until.js';
import { heartbeatFolder } from '../process/heartbeat.js';
import { Starts } from '../process/starts.js';
import { openConnection } from '../store/open-connection.js';
import { untilNoneBegins } from './until-none-begins.js';

describe('A pause, until what was claimed before has begun', () => {
  let site: DutySite;
  let looks: number;
  let starts: Starts;

  beforeEach(async () => {
    site = await DutySite.open();
    const folder = heartbeatFolder(site.connection.path)!;
    mkdirSync(folder, { recursive: true });
    starts = Starts.open(folder, 'other')!;
    looks = 0;
    const read = site.connection.read.bind(site.connection);
    site.connection.read = (query) => {
      looks += 1;
      return read(query);
    };
  });
  afterEach(async () => {
    starts.close();
    await site.close();
  });

  /** A task that the worker has claimed. */
  async function claimed(worker: string): Promise<void> {
    await site.store(1);
    site.runAll(worker);
  }

  const wait = (queue = 'default'): Promise<void> => untilNoneBegins(site.connection, queue, 'self');

  it('is over at once where nothing is claimed, by this process alone, or in another queue', async () => {
    await wait();
    await claimed('self');
    await wait();
    await claimed('other');
    await wait('elsewhere');
    expect(looks).toBe(3);
  });

  it('is over at once where it has begun, or nobody can tell', async () => {
    await claimed('other');
    starts.note(1, 1);
    await wait();
    await claimed('silent');
    await wait();
    expect(looks).toBe(2);
  });

  it('looks again until the other process has handed it back, or begun it', async () => {
    await claimed('silent');
    await claimed('other');
    let isOver = false;
    const over = wait().then(() => (isOver = true));
    await until('some looks', () => looks > 2);
    expect(isOver).toBe(false);
    starts.note(2, 1);
    await over;
  });

  it('gives up after half a minute, and names who keeps it', async () => {
    const time = new StoppedTime();
    try {
      await claimed('other');
      const refused = wait().catch(String);
      await until('a look', () => looks > 0);
      time.advance(30_000);
      const before = looks;
      await until('more looks', () => looks > before + 1);
      time.advance(1);
      expect(await refused).toBe(
        'StoreError: Queue "default" is paused, but worker other has not answered for 30 s and holds tasks of it that it took ' +
          'before (1): those may still begin',
      );
    } finally {
      time.goOn();
    }
  });

  it('is nobody else where the store is in memory', async () => {
    const connection = await openConnection(':memory:', 'normal');
    connection.read = () => Promise.reject(new Error('nothing to look for'));
    await untilNoneBegins(connection, 'default', null);
    await connection.close();
  });
});
