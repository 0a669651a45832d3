import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidParamsError } from '../../lib/contract/index.js';
import { ParamsCodec } from '../../lib/params/index.js';
import { ADAPTERS, AdminApp } from '../admin/support/admin-app.js';

abstract class Shape {
  readonly kind!: string;
}

class Circle extends Shape {
  @IsInt()
  radius!: number;
}

class Square extends Shape {
  @IsInt()
  side!: number;
}

class DrawParams {
  @IsString()
  title!: string;

  @ValidateNested()
  @Type(() => Shape, {
    discriminator: {
      property: 'kind',
      subTypes: [
        { name: 'circle', value: Circle },
        { name: 'square', value: Square },
      ],
    },
    keepDiscriminatorProperty: true,
  })
  shape!: Shape;
}

const paramsCodec = new ParamsCodec(100_000);
/** Awaited, whether it waits or not: what it throws at once is a rejection here. */
const codec = {
  encode: async (...args: Parameters<ParamsCodec['encode']>) => paramsCodec.encode(...args),
  decode: async (...args: Parameters<ParamsCodec['decode']>) => paramsCodec.decode(...args),
};
const RIGHT = '{"title":"x","shape":{"kind":"circle","radius":1}}';

/** An own key of any name, as `JSON.parse` makes it and an object literal does not. */
function parsed(json: string): object {
  return JSON.parse(json) as object;
}

function expectCleanPrototypes(): void {
  expect({}).not.toHaveProperty('polluted');
  expect([]).not.toHaveProperty('polluted');
  expect(new DrawParams()).not.toHaveProperty('polluted');
}

describe('hostile params of a class', () => {
  it.each([
    '{"__proto__":{"polluted":1},"title":"x","shape":{"kind":"circle","radius":1}}',
    '{"constructor":{"prototype":{"polluted":1}},"title":"x","shape":{"kind":"circle","radius":1}}',
    '{"title":"x","shape":{"kind":"circle","radius":1,"__proto__":{"polluted":1}}}',
    '{"title":"x","shape":{"kind":"circle","radius":1,"constructor":{"name":"Date"}}}',
    '{"\\u005f_proto__":{"polluted":1},"title":"x","shape":{"kind":"circle","radius":1}}',
    '{"title":"x","shape":{"kind":"circle","radius":1},"toString":1}',
    '{"title":"x","shape":{"kind":"circle","radius":1},"deep":[[{"__proto__":{"polluted":1}}]]}',
  ])('with a key that is a prototype’s are refused: %s', async (json) => {
    await expect(codec.encode('draw', parsed(json), DrawParams)).rejects.toBeInstanceOf(InvalidParamsError);
    await expect(codec.decode('draw', json, DrawParams)).rejects.toBeInstanceOf(InvalidParamsError);
    expectCleanPrototypes();
  });

  it.each(['__proto__', 'constructor', 'toString', 'Function', 'Object', 'DrawParams', 'process'])(
    'name no class but those of the discriminator: %s',
    async (kind) => {
      const json = JSON.stringify({ title: 'x', shape: { kind, radius: 1 } });
      const outcome = await codec.decode('draw', json, DrawParams).catch((error: unknown) => error);
      if (outcome instanceof DrawParams) {
        expect([Shape, Object]).toContain(outcome.shape.constructor);
      } else {
        expect(outcome).toBeInstanceOf(InvalidParamsError);
      }
      expectCleanPrototypes();
    },
  );

  it('of the right kind become what the discriminator says', async () => {
    const { shape } = (await codec.decode('draw', RIGHT, DrawParams)) as DrawParams;
    expect(shape).toBeInstanceOf(Circle);
  });

  it.each(['__type', '@type', '$type', 'type', '__class__'])('choose no class by a key %s', async (key) => {
    const json = JSON.stringify({ ...parsed(RIGHT), [key]: 'Square' });
    const decoded = await codec.decode('draw', json, DrawParams);
    expect(Object.getPrototypeOf(decoded)).toBe(DrawParams.prototype);
  });
});

describe.each(ADAPTERS)('hostile params sent to the panel on %s', (adapter) => {
  let app: AdminApp;
  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
  });
  afterAll(() => app.stop());

  const send = (params: string) =>
    app.ask('POST', '/admin/tasks/api/tasks', {
      headers: { 'Content-Type': 'application/json' },
      body: `{"queue":"default","name":"order","params":${params}}`,
    });

  it.each(['__proto__', 'constructor', 'prototype":1,"__proto__'])('reach no prototype: %s', async (key) => {
    const answer = await send(`{"amount":1,"card":"x","${key}":{"polluted":1}}`);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_params' } });
    expectCleanPrototypes();
    expect(await app.get('tasks')).toMatchObject({ body: { items: [] } });
  });

  it('are refused where they are too deep, and the app goes on', async () => {
    const depth = 5_000;
    const answer = await send(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_params' } });
    expect((await app.get('queues')).status).toBe(200);
  });
});
