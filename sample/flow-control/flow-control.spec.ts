import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import { type Task, TaskDispatcher } from 'nestjs-tasks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppModule, Journal, Shop } from './app.module.js';
import { MailProvider } from './mail-provider.js';

const ENDED = ['completed', 'failed', 'cancelled'];

describe('the shop', () => {
  let folder: string;
  let provider: MailProvider;
  let app: TestingModule;
  let shop: Shop;
  let journal: Journal;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flow-control-'));
    provider = await MailProvider.start(2, 1_000);
    const module = AppModule.with(provider.url, join(folder, 'tasks.db'));
    app = await Test.createTestingModule({ imports: [module] }).compile();
    await app.init();
    shop = app.get(Shop);
    journal = app.get(Journal);
  });
  afterEach(async () => {
    await app.close();
    await provider.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The tasks once all of them have ended. */
  const ended = async (queued: readonly Task[]): Promise<Task[]> => {
    const tasks = app.get(TaskDispatcher);
    for (;;) {
      const found = await Promise.all(queued.map(({ id }) => tasks.get(id)));
      if (found.every(({ state }) => ENDED.includes(state))) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('imports one file at a time for each customer', async () => {
    const files = ['a', 'b', 'c'].flatMap((file) => [shop.upload('acme', file), shop.upload('globex', file)]);
    const tasks = await ended(await Promise.all(files));
    expect(tasks.map(({ state }) => state)).toEqual(tasks.map(() => 'completed'));
    for (const customer of ['acme', 'globex']) {
      const own = journal.lines.filter((line) => line.includes(customer)).map((line) => line.split(' ')[0]);
      expect(own).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end']);
    }
  });

  it('sends each mail once, however often the provider says to wait, and counts none of that', async () => {
    const addresses = Array.from({ length: 5 }, (_, number) => `${number}@example.com`);
    const tasks = await ended(await Promise.all(addresses.map((to) => shop.mail(to))));
    expect(tasks.map(({ state }) => state)).toEqual(tasks.map(() => 'completed'));
    expect(provider.sent.toSorted()).toEqual(addresses);
    expect(provider.refused).toBeGreaterThan(0);
    const outcomes = tasks.flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'snoozed')).toHaveLength(provider.refused);
    expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(addresses.length);
  });

  it('refreshes the index once for a burst of edits', async () => {
    const edits = [await shop.edit('chair'), await shop.edit('table'), await shop.edit('lamp')];
    expect(new Set(edits.map(({ id }) => id)).size).toBe(1);
    await ended(edits.slice(0, 1));
    expect(journal.lines).toEqual(['refresh chair table lamp']);
  });
});
