import { DataSource, type EntityManager } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { newTask } from '../../test/conformance/harness.js';
import { ROW } from '../../test/support/outbox-row.js';
import { ManualClock } from '../clock/index.js';
import { StoreError } from '../contract/index.js';
import type { NewTask } from '../engine/port/index.js';
import { type OutboxRow, OutboxTable } from './outbox-table.js';

const ESCAPED = '\\ud83d\\ude00';
const LONG = '😀'.repeat(22);

/** Of a name that this character set does not have. */
const ESCAPED_ROW: OutboxRow = { ...ROW, id: ESCAPED, parent_id: ESCAPED };

const task = (id: string, more: Partial<NewTask> = {}): NewTask => newTask(new ManualClock(0), { id, ...more });

describe.each(['mysql', 'mariadb'] as const)('The table of an outbox in %s', (type) => {
  const table = new OutboxTable(new DataSource({ type }));

  /** A manager of a database that has these rows, and the values that it is asked with. */
  function database(...rows: OutboxRow[]): { manager: EntityManager; asked: unknown[][] } {
    const asked: unknown[][] = [];
    const query = async (_: string, values: unknown[]) => (asked.push(values), rows);
    return { manager: { query } as unknown as EntityManager, asked };
  }

  it('has what MySQL cannot hold escaped', async () => {
    const { manager, asked } = database(ESCAPED_ROW);
    const given = task('😀', { params: '"😀"', settings: '"😀"', sensitive: ['😀'], parentId: '😀' });
    await table.add(manager, [{ ...given, traits: { tags: { a: '😀' } } }], 'mine');
    expect(asked[0]).toEqual([
      ESCAPED,
      'default',
      'work',
      `"${ESCAPED}"`,
      0,
      given.runAt,
      given.createdAt,
      4,
      `"${ESCAPED}"`,
      `["${ESCAPED}"]`,
      'mine',
      ESCAPED,
      `{"tags":{"a":"${ESCAPED}"}}`,
    ]);
    expect(await table.find(manager, '😀')).toMatchObject({ id: '😀', parentId: '😀' });
    expect(asked[1]).toEqual([ESCAPED]);
    await table.add(manager, [task('plain')], 'mine');
    expect(asked[2]!.slice(8)).toEqual([null, '[]', 'mine', null, null]);
  });

  it('finds a task by its very id, where the table was made without telling upper case from lower', async () => {
    const { manager } = database({ ...ESCAPED_ROW, id: 'ONE' }, { ...ESCAPED_ROW, id: 'one' });
    expect(await table.find(manager, 'one')).toMatchObject({ id: 'one' });
    expect(await table.find(manager, 'One')).toBeNull();
  });

  it('says what is too long for its column', async () => {
    const { manager, asked } = database();
    const adding = (given: NewTask) => table.add(manager, [given], 'mine');
    await expect(adding(task(LONG))).rejects.toThrow(StoreError);
    await expect(adding(task(LONG))).rejects.toThrow(/^The id "/);
    await expect(adding(task('one', { name: LONG }))).rejects.toThrow(/^The name "/);
    await expect(adding(task('one', { parentId: LONG }))).rejects.toThrow(/^The id "/);
    await expect(table.find(manager, LONG)).rejects.toThrow(/^The id "/);
    expect(asked).toEqual([]);
  });
});
