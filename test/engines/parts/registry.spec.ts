import { expect, it } from 'vitest';
import { InvalidArgumentError } from '../../../lib/contract/index.js';
import { limitGlobally } from '../../../lib/engine/bullmq/global-concurrency.js';
import { Registry } from '../../../lib/engine/bullmq/registry.js';
import { sharedValue, sharedValues } from '../../../lib/engine/bullmq/shared-value.js';
import { assertNoMove, readMoveNote, writeMoveNote } from '../../../lib/engine/bullmq/transfer/move-mark.js';
import { UnhandledKinds } from '../../../lib/engine/bullmq/unhandled-kinds.js';
import { describeWith } from '../../support/servers/find-program.js';
import { StoppedTime } from '../../support/stopped-time.js';
import { PartSite } from '../support/part-site.js';

describeWith('redis', 'What the processes of a store on BullMQ know of each other', () => {
  const site = PartSite.forFile();
  const told: string[] = [];
  /** What another process knows, that shows a queue of other code. */
  const other = (): Registry => new Registry(site.parts.set, (message) => told.push(message), ['legacy', 'l']);

  it('is what any of them has noted, until one forgets it', async () => {
    const { registry } = site.parts;
    const { queue } = site;
    await registry.note({ [`a:${queue}:x`]: '1', [`a:${queue}:y`]: '2', [`b:${queue}:x`]: '3' });
    expect(await other().of(`a:${queue}`)).toEqual({ x: '1', y: '2' });
    expect(await other().get(`b:${queue}:x`)).toBe('3');
    await registry.note({ [`a:${queue}:z`]: '4' }, [`a:${queue}:x`]);
    expect(await registry.of(`a:${queue}`)).toEqual({ y: '2', z: '4' });
    expect(await other().of(`a:${queue}`)).toEqual({ y: '2', z: '4' });
    await registry.forget(`a:${queue}:y`, `a:${queue}:z`);
    expect(await registry.of(`a:${queue}`)).toEqual({});
    expect(await other().of(`a:${queue}`)).toEqual({});
  });

  it('is trusted for a second, or looked at anew', async () => {
    const time = new StoppedTime();
    try {
      const reader = other();
      const field = `trust:${site.queue}`;
      expect(await reader.get(field)).toBeUndefined();
      await site.parts.registry.note({ [field]: '1' });
      time.advance(999);
      expect(await reader.get(field)).toBeUndefined();
      time.advance(1);
      expect(await reader.get(field)).toBe('1');
      await site.parts.registry.note({ [field]: '2' });
      await reader.refresh(true);
      expect(await reader.get(field)).toBe('2');
    } finally {
      time.goOn();
    }
  });

  it('is noted again by those that declared it, in a store that has lost it', async () => {
    const own = other();
    const field = `again:${site.queue}`;
    await own.declare({ [`${field}:kept`]: '1', [`${field}:forgotten`]: '2' });
    await own.note({ [`${field}:noted`]: '3' });
    await own.forget(`${field}:forgotten`);
    await site.parts.registry.forget(`${field}:kept`, `${field}:noted`);
    await own.declareAgain();
    await own.refresh(true);
    expect(await own.of(field)).toEqual({ kept: '1' });
  });

  it('tells of notes that are no JSON once, and passes them over', async () => {
    told.length = 0;
    const { queue } = site;
    await site.parts.registry.note({ [`p-${queue}:good`]: '{"a":1}', [`p-${queue}:bad`]: '{', 'sensitive:bad': '[' });
    const reader = other();
    expect(await reader.parsed(`p-${queue}`)).toEqual([['good', { a: 1 }]]);
    await reader.parsed(`p-${queue}`);
    expect(reader.sensitiveOf('bad')).toEqual([]);
    expect(reader.sensitiveOf('nobody')).toEqual([]);
    expect(told).toEqual([
      `The task store has a note of "p-${queue}:bad", which cannot be read: it is passed over.`,
      'The task store has a note of "sensitive:bad", which cannot be read: it is passed over.',
    ]);
    await site.parts.registry.note({ 'sensitive:mail': '["to"]' });
    await reader.refresh(true);
    expect(reader.sensitiveOf('mail')).toEqual(['to']);
  });

  it('are queues, as any of them has noted', async () => {
    const { registry } = site.parts;
    const { queue } = site;
    expect(registry.knowsQueues([queue])).toBe(false);
    await registry.noteQueues([queue, `${queue}-b`]);
    expect(registry.knowsQueues([queue, `${queue}-b`])).toBe(true);
    expect(registry.knowsQueues([queue, 'nobody'])).toBe(false);
    expect(await other().queues()).toEqual(expect.arrayContaining(['default', queue, `${queue}-b`]));
  });

  it('are none of a name that BullMQ cannot have: nothing is noted then', async () => {
    told.length = 0;
    const { registry } = site.parts;
    const noted = registry.noteQueues([`${site.queue}-fine`, 'a:b']);
    await expect(noted).rejects.toThrow(InvalidArgumentError);
    await expect(noted).rejects.toThrow('Queue "a:b" has a ":", by which BullMQ separates the parts of its keys.');
    expect(await other().queues()).not.toContain(`${site.queue}-fine`);
    await registry.note({ 'queue:a:b': '1', 'queue:legacy': '1' });
    const reader = other();
    expect(await reader.queues()).not.toContain('a:b');
    expect(await reader.queues()).not.toContain('legacy');
    expect(told).toEqual([expect.stringMatching(/^The task store has a note of queue "a:b", which has a ":"/)]);
    expect((await reader.shownQueues()).slice(-2)).toEqual(['legacy', 'l']);
    await registry.forget('queue:a:b', 'queue:legacy');
  });

  it('tells the ids of other code by their queue', () => {
    const reader = other();
    expect([reader.isForeign('legacy'), reader.isForeign('default')]).toEqual([true, false]);
    expect([reader.shownId('legacy', '7'), reader.shownId('default', '~7')]).toEqual(['legacy:7', '7']);
    expect(reader.foreignJob('legacy:7')).toEqual({ queue: 'legacy', jobId: '7' });
    expect(reader.foreignJob('l:a:b')).toEqual({ queue: 'l', jobId: 'a:b' });
    for (const id of ['legacy', 'legacy7', 'other:7', 'x-legacy:7']) expect(reader.foreignJob(id)).toBeNull();
  });

  it('are workers that are noted, and whose connection BullMQ sees', async () => {
    const { registry } = site.parts;
    const info = { id: site.store.consumers.workerId, host: 'here', pid: 1, startedAt: 1, queues: {} };
    await registry.note({
      [`worker:${info.id}`]: JSON.stringify(info),
      'worker:gone': JSON.stringify({ ...info, id: 'gone' }),
    });
    expect(await registry.workers()).toEqual([]);
    await site.add();
    await site.take();
    expect(await registry.workers()).toEqual([info]);
  });
});

describeWith('redis', 'What the processes of a store on BullMQ share', () => {
  const site = PartSite.forFile();

  it('is a value that the first of them proposed', async () => {
    const { set } = site.parts;
    expect(await sharedValue(set, 'key', 'mine')).toBe('mine');
    expect(await sharedValue(set, 'key', 'theirs')).toBe('mine');
    expect(await sharedValue(set, 'other', 'theirs')).toBe('theirs');
    const values = await sharedValues(set);
    expect([values.get('key'), values.get('other')]).toEqual(['mine', 'theirs']);
  });

  it('is a limit of what runs of a queue, which goes with whoever set it', async () => {
    const { set, registry } = site.parts;
    const queue = set.queue(site.queue);
    await queue.setGlobalConcurrency(3);
    await limitGlobally(set, registry, site.queue, null);
    expect(await queue.getGlobalConcurrency()).toBe(3);
    await limitGlobally(set, registry, site.queue, 2);
    expect(await queue.getGlobalConcurrency()).toBe(2);
    expect(await registry.get(`global-concurrency:${site.queue}`)).toBe('2');
    await limitGlobally(set, registry, site.queue, null);
    expect(await queue.getGlobalConcurrency()).toBeNull();
    expect(await registry.get(`global-concurrency:${site.queue}`)).toBeUndefined();
  });

  it('is the mark that its tasks are being moved', async () => {
    const { registry } = site.parts;
    const mark = { role: 'source', other: 'elsewhere', since: 1 } as unknown as Parameters<typeof writeMoveNote>[1];
    expect(await readMoveNote(registry)).toBeNull();
    await assertNoMove(registry);
    await writeMoveNote(registry, mark);
    expect(await readMoveNote(registry)).toEqual(mark);
    await expect(assertNoMove(registry)).rejects.toThrow(/moved/);
    await writeMoveNote(registry, null);
    expect(await readMoveNote(registry)).toBeNull();
  });
});

describeWith('redis', 'Kinds of tasks that nobody knows a handler of', () => {
  const site = PartSite.forFile();
  const kinds = (): UnhandledKinds => new UnhandledKinds(site.parts.set, site.parts.registry);
  const declined = { outcome: 'snoozed', error: { name: 'UnknownTaskNameError', message: 'no' } } as const;
  const waiting = async () => (await kinds().waiting()).filter(({ queue }) => queue === site.queue);

  it('are told with their tasks that wait, and since when', async () => {
    const { queue } = site;
    for (const name of ['mail', 'mail', 'other']) await site.add({ name });
    const first = await site.failOnce(60_000, declined);
    await site.failOnce(60_000, declined);
    await kinds().note(queue, 'mail');
    await kinds().note(queue, 'other');
    await kinds().note(queue, 'gone');
    expect(await waiting()).toEqual([{ queue, name: 'mail', since: first.processedOn, tasks: 2 }]);
  });

  it('are those that were noted in the last quarter of an hour', async () => {
    const { queue } = site;
    await site.add({ name: 'mail' });
    await site.failOnce(60_000, declined);
    const field = `unhandled:${JSON.stringify([queue, 'mail'])}`;
    await site.parts.registry.note({ [field]: String(Date.now() - 15 * 60_000) });
    expect(await waiting()).toEqual([]);
    await site.parts.registry.note({ [field]: String(Date.now() - 14 * 60_000) });
    expect(await waiting()).toHaveLength(1);
  });

  it('are noted once a minute by a process', async () => {
    const { queue } = site;
    const noting = kinds();
    const field = `unhandled:${JSON.stringify([queue, 'mail'])}`;
    await noting.note(queue, 'mail');
    const at = Number(await site.parts.registry.get(field));
    expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
    await site.parts.registry.note({ [field]: '1' });
    await noting.note(queue, 'mail');
    expect(await site.parts.registry.get(field)).toBe('1');
    await noting.note(queue, 'other');
    await kinds().note(queue, 'mail');
    expect(Number(await site.parts.registry.get(field))).toBeGreaterThanOrEqual(at);
  });
});
