import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schemaFields } from './schema-fields.js';
import type { StandardSchema } from './standard-schema.js';

const plain = { required: true, sensitive: false };

describe('schemaFields', () => {
  it('tells of what a schema takes, with what objects and arrays hold', () => {
    const schema = z.object({
      email: z.email(),
      amount: z.int().min(1).max(99),
      note: z.string().max(20).optional(),
      size: z.enum(['small', 'large']),
      gift: z.boolean(),
      address: z.object({ city: z.string() }),
      items: z.array(z.object({ sku: z.string().min(3) })),
      tags: z.array(z.string()),
    });
    expect(schemaFields(schema)).toEqual([
      { ...plain, name: 'email', type: 'email' },
      { ...plain, name: 'amount', type: 'integer', min: 1, max: 99 },
      { ...plain, name: 'note', type: 'string', required: false, maxLength: 20 },
      { ...plain, name: 'size', type: 'enum', values: ['small', 'large'] },
      { ...plain, name: 'gift', type: 'boolean' },
      { ...plain, name: 'address', type: 'object', fields: [{ ...plain, name: 'city', type: 'string' }] },
      { ...plain, name: 'items', type: 'array', fields: [{ ...plain, name: 'sku', type: 'string', minLength: 3 }] },
      { ...plain, name: 'tags', type: 'array', items: 'string' },
    ]);
  });

  it.each<[string, StandardSchema]>([
    [
      'does not tell',
      { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value: value as object }) } },
    ],
    ['holds what may be of several types', z.object({ value: z.union([z.string(), z.number()]) })],
    ['has no words for it in JSON Schema', z.object({ when: z.date() })],
    ['is no object', z.record(z.string(), z.number())],
  ])('is null for a schema that %s', (_what, schema) => {
    expect(schemaFields(schema)).toBeNull();
  });
});
