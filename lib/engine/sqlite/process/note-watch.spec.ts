import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEmptyStore } from '../../../../test/support/empty-store.js';
import { until } from '../../../../test/support/until.js';
import type { Connection } from '../store/connection.js';
import { Writer } from '../store/writer.js';
import { NoteWatch } from './note-watch.js';
import { noteFileOf } from './writers-note.js';

const LOGGER = { log: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
let file: string;
let connection: Connection;
let heard: number;
let watch: NoteWatch;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tasks-note-'));
  file = join(folder, 'tasks.db');
  connection = await openEmptyStore(file);
  heard = 0;
  watch = new NoteWatch(file, () => (heard += 1));
});
afterEach(async () => {
  watch.stop();
  await connection.close();
  rmSync(folder, { recursive: true });
});

async function store(): Promise<void> {
  await new Writer(connection, null, LOGGER).write(({ database }) => database.exec('DELETE FROM tasks_secret'));
}

it('tells of each that writes, without looking', async () => {
  watch.start();
  await store();
  await until('the first word', () => heard > 0);
  const before = heard;
  await store();
  await until('another', () => heard > before);
});

it('tells of nobody once it was stopped', async () => {
  watch.start();
  watch.start();
  watch.stop();
  const other = new Promise<void>((resolve) => {
    const second = new NoteWatch(file, () => (second.stop(), resolve()));
    second.start();
  });
  await store();
  await other;
  expect(heard).toBe(0);
});

it('watches the note that takes the place of one that was tidied away', async () => {
  watch.start();
  const note = noteFileOf(file)!;
  renameSync(note, `${note}.away`);
  writeFileSync(note, '');
  // As who looks by itself does, now and then.
  await until('it to watch the other one', () => {
    watch.start();
    writeFileSync(note, '-');
    // What the one that is away told by being moved is less.
    return heard > 8;
  });
});

it('keeps no process alive', () => {
  const before = process.getActiveResourcesInfo();
  watch.start();
  expect(process.getActiveResourcesInfo()).toEqual(before);
});

it('watches nothing that is not there', () => {
  const nowhere = new NoteWatch(join(folder, 'none.db'), () => undefined);
  expect(() => nowhere.start()).not.toThrow();
  expect(() => new NoteWatch(':memory:', () => undefined).start()).not.toThrow();
});
