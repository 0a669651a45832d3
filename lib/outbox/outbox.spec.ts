import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { START } from '../../test/conformance/harness.js';
import { OutboxSite } from '../../test/support/outbox-site.js';
import { until } from '../../test/support/until.js';
import { turn } from '../clock/index.js';
import { StoreError } from '../contract/index.js';
import type { Outbox } from './outbox.js';
import { SqliteSource } from './sqlite-source.js';

describe('An outbox', () => {
  let site: OutboxSite;
  let outbox: Outbox;

  beforeEach(async () => {
    site = await OutboxSite.open();
    outbox = site.outbox();
  });
  afterEach(() => site.close());

  const handedOver = (count: number): Promise<unknown> =>
    until('tasks to be handed over', () => site.stored.flat().length >= count);
  const empty = (): Promise<unknown> => until('the rows to go', async () => (await site.ids()).length === 0);
  /** The next look of those that come by themselves. */
  const look = (): void => site.clock.advance(1_000);

  it('hands over what has committed, and nothing before', async () => {
    await outbox.open();
    await site.app.transaction(async (manager) => {
      expect(await outbox.add(manager, [site.task('one'), site.task('two')])).toEqual(['stored', 'stored']);
      look();
      await turn();
      expect(site.stored).toEqual([]);
    });
    await handedOver(2);
    expect(site.stored).toEqual([['one', 'two']]);
    await empty();
    expect([site.warnings, site.errors]).toEqual([[], []]);
  });

  it('hands over nothing of what was rolled back', async () => {
    await outbox.open();
    const failing = site.app.transaction(async (manager) => {
      await outbox.add(manager, [site.task('one')]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await site.add(outbox, site.task('two'));
    await handedOver(1);
    expect(site.stored).toEqual([['two']]);
  });

  it('hands over when the outer one of two transactions ends', async () => {
    await outbox.open();
    await site.app.transaction(async (manager) => {
      await manager.transaction((within) => outbox.add(within, [site.task('one')]));
      await turn();
      expect(site.stored).toEqual([]);
    });
    await handedOver(1);
  });

  it('does not look after each transaction, but after those that wrote into it', async () => {
    const relays = vi.spyOn(SqliteSource.prototype, 'relay');
    onTestFinished(() => relays.mockRestore());
    await outbox.open();
    await until('the look at boot', () => relays.mock.calls.length > 0);
    await turn();
    const before = relays.mock.calls.length;
    await site.app.transaction((manager) => manager.query('SELECT 1'));
    await turn();
    expect(relays).toHaveBeenCalledTimes(before);
  });

  it('hands over within a second what another process wrote', async () => {
    await outbox.open();
    const other = await site.another();
    await until('the look at boot', () => site.clock.nextAt === START + 1_000);
    await turn();
    await other.transaction((manager) => outbox.add(manager, [site.task('one')]));
    site.clock.advance(999);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(site.stored).toEqual([]);
    site.clock.advance(1);
    await handedOver(1);
    expect(site.clock.nextAt).toBe(START + 2_000);
  });

  it('hands over more than goes at once, in order', async () => {
    await outbox.open();
    const tasks = Array.from({ length: 250 }, (_, n) => site.task(`t${n}`));
    await site.add(outbox, ...tasks);
    await handedOver(250);
    expect(site.stored.map((ids) => ids.length)).toEqual([100, 100, 50]);
    expect(site.stored.flat()).toEqual(tasks.map(({ id }) => id));
  });

  it('hands over at boot what was left, and those that an earlier version left without a store', async () => {
    await outbox.open();
    site.refuse = () => new StoreError('away');
    await site.add(outbox, site.task('one'), site.task('two'));
    await site.app.query(`UPDATE nestjs_tasks_outbox SET store = NULL WHERE id = 'one'`);
    await outbox.close();
    site.refuse = () => null;
    await site.outbox().open();
    await handedOver(2);
    expect(site.stored).toEqual([['one', 'two']]);
  });

  it('leaves to another store what is that one’s', async () => {
    const other = site.outbox({ owner: async () => 'other-store' });
    await outbox.open();
    site.refuse = () => new StoreError('away');
    await site.add(outbox, site.task('one'));
    await outbox.close();
    site.refuse = () => null;
    await other.open();
    expect(await other.waiting()).toEqual([]);
    await site.add(other, site.task('two'));
    await handedOver(1);
    expect(site.stored).toEqual([['two']]);
    expect(await site.ids()).toEqual(['one']);
  });

  it('hands over nothing once it is closed, and may be closed twice, or without having been open', async () => {
    await outbox.open();
    const subscribers = site.app.subscribers.length;
    site.refuse = () => new StoreError('away');
    await site.add(outbox, site.task('one'));
    await outbox.close();
    await outbox.close();
    expect(site.app.subscribers).toHaveLength(subscribers - 1);
    expect(site.clock.nextAt).toBeNull();
    site.refuse = () => null;
    await site.add(outbox, site.task('two'));
    await turn();
    expect(site.stored).toEqual([]);
    await site.outbox().close();
  });

  it('leaves the app’s subscribers where they are', async () => {
    const own = { afterInsert: () => undefined };
    site.app.subscribers.push(own);
    await site.outbox().close();
    await outbox.open();
    await outbox.close();
    expect(site.app.subscribers).toEqual([own]);
  });

  it('answers what became of each task: stored, or there already', async () => {
    site.refuse = () => new StoreError('away');
    await outbox.open();
    const [one, two] = ['one', 'two'].map((id) => site.task(id, { mayExist: true }));
    expect(await site.add(outbox, one!, one!)).toEqual(['stored', 'existing']);
    expect(await site.add(outbox, two!, one!)).toEqual(['stored', 'existing']);
    // Who knows that an id is new is not looked for.
    expect(await site.add(outbox, site.task('one'))).toEqual(['stored']);
    expect(await site.ids()).toEqual(['one', 'two', 'one']);
  });

  it('finds what waits in it, with what must not be shown left out', async () => {
    site.refuse = () => new StoreError('away');
    await outbox.open();
    await site.add(outbox, site.task('one', { params: '{"card":"4242","n":1}', sensitive: ['card'] }));
    const [found, none] = await outbox.find(site.app.manager, [{ id: 'one' }, { id: 'none' }]);
    expect(found).toMatchObject({ id: 'one', state: 'available', params: { n: 1 } });
    expect(JSON.stringify(found)).not.toContain('4242');
    expect(none).toBeNull();
  });

  it('knows whose manager writes into its database', async () => {
    const other = await site.another();
    expect([outbox.owns(site.app.manager), outbox.owns(other.manager)]).toEqual([true, false]);
  });

  it('tells of faults of the database without the params', async () => {
    expect(await outbox.waiting()).toEqual([]);
    await outbox.open();
    await site.app.query('DROP TABLE nestjs_tasks_outbox');
    const adding = site.app.transaction((manager) =>
      outbox.add(manager, [site.task('one', { params: '{"n":"secret"}' })]),
    );
    await expect(adding).rejects.toThrow(StoreError);
    await expect(adding).rejects.toThrow(
      /^The task was not stored in the given transaction: no such table: nestjs_tasks_outbox$/,
    );
    const finding = outbox.find(site.app.manager, [{ id: 'one' }]);
    await expect(finding).rejects.toThrow(/^The outbox cannot be read: no such table/);
    await expect(outbox.waiting()).rejects.toThrow(/^The outbox cannot be read: no such table/);
    await expect(outbox.waiting()).rejects.toThrow(StoreError);
  });
});
