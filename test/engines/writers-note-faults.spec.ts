import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WritersNote } from '../../lib/engine/sqlite/process/writers-note.js';

const broken = vi.hoisted(() => ({ write: false, read: false }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const failing = <Call extends (...given: never[]) => unknown>(call: Call, what: keyof typeof broken): Call =>
    ((...given: never[]) => {
      if (broken[what]) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      return call(...given);
    }) as Call;
  return { ...real, writeSync: failing(real.writeSync, 'write'), readSync: failing(real.readSync, 'read') };
});

let folder: string;
let note: WritersNote;
let noted: () => string;

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tasks-note-'));
  const path = join(folder, 'tasks.db');
  fs.writeFileSync(path, '');
  note = new WritersNote(path);
  noted = () => fs.readFileSync(join(`${path}-workers`, 'writer'), 'utf8');
});
afterEach(() => {
  Object.assign(broken, { write: false, read: false });
  note.close();
  fs.rmSync(folder, { recursive: true });
});

it.each(['write', 'read'] as const)(
  'a note that could not be given back is when the disk is well again (%s)',
  (what) => {
    note.take();
    broken[what] = true;
    note.give();
    note.renew();
    expect(noted()).toMatch(/^\+/);
    broken[what] = false;
    note.renew();
    expect(noted()).toMatch(/^-/);
  },
);

it('a note that could not be taken is given back where the one before stands there', () => {
  note.take();
  broken.write = true;
  note.give();
  note.take();
  note.give();
  broken.write = false;
  note.renew();
  expect(noted()).toMatch(/^-/);
});

it('a note that is taken again before it was given back is not given away by a look', () => {
  note.take();
  broken.write = true;
  note.give();
  broken.write = false;
  note.take();
  note.renew();
  expect(noted()).toMatch(/^\+/);
  note.give();
  expect(noted()).toMatch(/^-/);
});
