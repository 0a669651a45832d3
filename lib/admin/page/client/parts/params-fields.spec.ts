import { describe, expect, it } from 'vitest';
import type { ParamsField } from '../api-types.js';
import { draftsOf, type Drafts, FieldError, pathsIn, writtenParams } from './params-fields.js';

const plain = { required: true, sensitive: false };
const FIELDS: readonly ParamsField[] = [
  { ...plain, name: 'to', type: 'string' },
  {
    ...plain,
    required: false,
    name: 'address',
    type: 'object',
    fields: [
      { ...plain, name: 'city', type: 'string' },
      { ...plain, required: false, name: 'no', type: 'integer' },
    ],
  },
  { ...plain, name: 'items', type: 'array', fields: [{ ...plain, name: 'sku', type: 'string' }] },
  { ...plain, required: false, name: 'counts', type: 'array', items: 'integer' },
  { ...plain, required: false, name: 'extra', type: 'object' },
];

describe('params written in a form', () => {
  it.each([
    { to: 'Ada', items: [] },
    { to: 'Ada', address: { city: 'London', no: 12 }, items: [{ sku: 'a' }, { sku: 'b' }], counts: [1, 2] },
    { to: 'Ada', address: { city: 'Paris' }, items: [{ sku: 'a' }], extra: { any: [1] } },
  ])('come back as they were: %j', (params) => {
    expect(writtenParams(FIELDS, draftsOf(FIELDS, params))).toEqual(params);
  });

  it('leave out an optional object of which nothing is written', () => {
    expect(writtenParams(FIELDS, { to: 'Ada', address: { city: '', no: '' } })).toEqual({ to: 'Ada', items: [] });
    expect(writtenParams(FIELDS, { to: 'Ada', address: { no: '3' } })).toMatchObject({ address: { city: '', no: 3 } });
  });

  it('name every place that is shown, as the app names it', () => {
    const drafts: Drafts = { items: [{ sku: 'a' }, {}], counts: ['1'] };
    expect(pathsIn(FIELDS, drafts)).toEqual([
      'to',
      'address',
      'address.city',
      'address.no',
      'items',
      'items[0]',
      'items[0].sku',
      'items[1]',
      'items[1].sku',
      'counts',
      'counts[0]',
      'extra',
    ]);
  });

  it.each([
    [{ counts: ['1', 'two'] }, 'counts[1]'],
    [{ counts: [''] }, 'counts[0]'],
    [{ address: { no: 'three' } }, 'address.no'],
    [{ extra: '{ "a": ' }, 'extra'],
  ])('say where %j is wrong', (drafts, field) => {
    let thrown: unknown;
    try {
      writtenParams(FIELDS, drafts);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FieldError);
    expect((thrown as FieldError).field).toBe(field);
  });

  it.each([{ other: 1 }, { address: 'London' }, { address: { zip: 1 } }, { items: 'a' }, [], null])(
    'cannot be %j, which the form has no place for',
    (params) => {
      expect(() => draftsOf(FIELDS, params)).toThrow(FieldError);
    },
  );
});
