import 'reflect-metadata';
import { runInNewContext } from 'node:vm';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsDate,
  IsEmail,
  IsInt,
  IsOptional,
  IsString,
  MaxLength,
  Validate,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sensitive } from '../nest/index.js';
import { InvalidParamsError, ParamsTooLargeError } from '../contract/index.js';
import { ParamsCodec } from './params-codec.js';

/** A codec that is awaited, whether it waits or not: what it throws at once is a rejection here. */
function codecOf(maxBytes: number) {
  const codec = new ParamsCodec(maxBytes);
  return {
    encode: async (...args: Parameters<ParamsCodec['encode']>) => codec.encode(...args),
    decode: async (...args: Parameters<ParamsCodec['decode']>) => codec.decode(...args),
  };
}

const codec = codecOf(1024 * 1024);

class Item {
  @IsString() name!: string;
  @IsInt() price!: number;
  label(): string {
    return `${this.name}: ${this.price}`;
  }
}

class OrderParams {
  @IsEmail() to!: string;
  @Type(() => Date) @IsDate() at!: Date;
  @Type(() => Item) @ValidateNested({ each: true }) @IsArray() items!: Item[];
  @IsOptional() @IsString() note = 'none';
  private readonly secretly = 1;
  total(): number {
    return this.items.reduce((sum, item) => sum + item.price, this.secretly - 1);
  }
}

const order = { to: 'ann@example.com', at: new Date('2027-01-01'), items: [{ name: 'pen', price: 3 }] };

async function problemsOf(work: Promise<unknown>): Promise<readonly { path: string; message: string }[]> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidParamsError);
  return (error as InvalidParamsError).problems;
}

describe('ParamsCodec without a class', () => {
  it('gives back any JSON as it went in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), async (params) => {
        const { json } = await codec.encode('t', params, null);
        // JSON has no -0.
        expect(await codec.decode('t', json, null)).toEqual(JSON.parse(JSON.stringify(params)));
      }),
    );
  });

  it('gives back lone surrogates, NUL and keys that other code stumbles over', async () => {
    const params = JSON.parse('{"__proto__":{"admin":true},"constructor":"x","text":"\\ud800\\u0000😀"}') as object;
    const { json } = await codec.encode('t', params, null);
    const decoded = await codec.decode('t', json, null);
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(params));
    expect((decoded as { admin?: unknown }).admin).toBeUndefined();
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it('takes a plain object of another realm as one', async () => {
    const params = runInNewContext(
      '({ toString: 1, nested: { constructor: 2, at: new Date(0) }, list: [1] })',
    ) as object;
    expect((await codec.encode('t', params, null)).json).toBe(JSON.stringify(params));
  });

  it.each([[null], [[1]], ['text'], [3], [undefined], [() => 1], [new Date(0)], [new Map()]])(
    'refuses %s as params',
    async (params) => {
      const [problem] = await problemsOf(codec.encode('t', params as object, null));
      expect(problem).toMatchObject({ path: '' });
    },
  );

  it('measures the limit in bytes of UTF-8', async () => {
    const small = codecOf(20);
    await expect(small.encode('t', { a: 'é'.repeat(6) }, null)).resolves.toBeDefined(); // 8 + 12
    await expect(small.encode('t', { a: 'é'.repeat(7) }, null)).rejects.toBeInstanceOf(ParamsTooLargeError);
    await expect(small.encode('t', { a: 'x'.repeat(12) }, null)).resolves.toBeDefined();
    await expect(small.encode('t', { a: 'x'.repeat(13) }, null)).rejects.toMatchObject({ bytes: 21, limit: 20 });
  });

  it('says that stored text is not JSON without quoting it', async () => {
    const [problem] = await problemsOf(codec.decode('t', '{"token":"hunter2', null));
    expect(problem).toEqual({ path: '', message: 'the stored text is not JSON' });
    await problemsOf(codec.decode('t', '[]', null));
    await problemsOf(codec.decode('t', 'null', null));
  });
});

describe('ParamsCodec with a class', () => {
  it('turns a plain object into the same instance that an instance comes back as', async () => {
    const instance = Object.assign(new OrderParams(), { ...order, items: [Object.assign(new Item(), order.items[0])] });
    for (const params of [order, instance]) {
      const { json } = await codec.encode('send', params, OrderParams);
      const decoded = (await codec.decode('send', json, OrderParams)) as OrderParams;
      expect(decoded).toEqual(instance);
      expect(decoded).toBeInstanceOf(OrderParams);
      expect(decoded.items[0]).toBeInstanceOf(Item);
      expect(decoded.at).toBeInstanceOf(Date);
      expect(decoded.total()).toBe(3);
    }
  });

  it('names every wrong field by its whole path, at both ends', async () => {
    const wrong = {
      to: 'nobody',
      at: '2027-01-01',
      items: [
        { name: 'pen', price: 1 },
        { name: 7, price: 'x' },
      ],
    };
    const atQueue = await problemsOf(codec.encode('send', wrong, OrderParams));
    expect(atQueue.map(({ path }) => path)).toEqual(['to', 'items[1].name', 'items[1].price']);
    expect(atQueue[0]!.message).toBe('to must be an email');
    expect(await problemsOf(codec.decode('send', JSON.stringify(wrong), OrderParams))).toEqual(atQueue);
  });

  it('does not convert types', async () => {
    const wrong = { ...order, items: [{ name: 'pen', price: '3' }] };
    expect(await problemsOf(codec.encode('send', wrong, OrderParams))).toMatchObject([{ path: 'items[0].price' }]);
  });

  it('leaves its input as it was', async () => {
    const given = structuredClone(order);
    await codec.encode('send', given, OrderParams);
    expect(given).toEqual(order);
  });

  it('says what is missing where a Date would come back as a string', async () => {
    class Untyped {
      @IsDate() at!: Date;
    }
    const [problem] = await problemsOf(codec.encode('t', { at: new Date() }, Untyped));
    expect(problem!.message).toContain('@Type(() => Date)');
  });

  it('accepts a class without rules', async () => {
    class Free {
      a?: number;
    }
    const { json } = await codec.encode('t', { a: 1, b: 2 }, Free);
    const decoded = await codec.decode('t', json, Free);
    expect(decoded).toBeInstanceOf(Free);
    expect(decoded).toEqual({ a: 1, b: 2 });
  });

  it('applies transformations once in each direction', async () => {
    class Tagged {
      @Transform(({ value }) => (value as string).split(','), { toClassOnly: true })
      @Transform(({ value }) => (value as string[]).join(','), { toPlainOnly: true })
      @IsString({ each: true })
      tags!: string[];
      @Expose({ name: 'full_name' }) @IsString() fullName!: string;
      @Exclude() cached?: object;
    }
    const plain = await codec.encode('t', { tags: 'a,b', full_name: 'Ann' }, Tagged);
    const instance = (await codec.decode('t', plain.json, Tagged)) as Tagged;
    expect(instance.tags).toEqual(['a', 'b']);
    expect(instance.fullName).toBe('Ann');

    instance.cached = instance; // a cycle that the class keeps out of its plain form
    const again = await codec.encode('t', instance, Tagged);
    expect(JSON.parse(again.json)).toEqual({ tags: 'a,b', full_name: 'Ann' });
  });

  it('brings a Map and a Set of nested classes back', async () => {
    class Shelf {
      @Type(() => Item) byName!: Map<string, Item>;
      @Type(() => Item) all!: Set<Item>;
    }
    const pen = Object.assign(new Item(), { name: 'pen', price: 3 });
    const shelf = Object.assign(new Shelf(), { byName: new Map([['pen', pen]]), all: new Set([pen]) });
    const { json } = await codec.encode('t', shelf, Shelf);
    const decoded = (await codec.decode('t', json, Shelf)) as Shelf;
    expect(decoded.byName.get('pen')).toEqual(pen);
    expect([...decoded.all][0]).toBeInstanceOf(Item);
  });

  it('refuses functions and cycles in an instance instead of calling or following them', async () => {
    let called = false;
    const callback = () => (called = true);
    const withFunction = Object.assign(new OrderParams(), order, { data: { callback } });
    expect(await problemsOf(codec.encode('send', withFunction, OrderParams))).toMatchObject([
      { path: 'data.callback' },
    ]);
    expect(called).toBe(false);

    const cyclic = Object.assign(new OrderParams(), order, { self: {} });
    cyclic.self = { cyclic };
    expect(await problemsOf(codec.encode('send', cyclic, OrderParams))).toMatchObject([{ path: 'self.cyclic' }]);
  });

  it.each(['constructor', '__proto__', 'toString'])('refuses the key %s, which would be lost', async (key) => {
    const params = JSON.parse(`{"data":[{"${key}":{"admin":true}}]}`) as object;
    expect(await problemsOf(codec.encode('t', params, OrderParams))).toMatchObject([{ path: 'data[0]' }]);
    const escaped = JSON.stringify(params).replace(key, `\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}`);
    expect(await problemsOf(codec.decode('t', escaped, OrderParams))).toMatchObject([{ path: 'data[0]' }]);
  });

  it('reports a transformation that throws as invalid params and keeps its error as the cause', async () => {
    class Fragile {
      @Transform(({ value }) => (value as string).trim()) text!: string;
    }
    const error: unknown = await codec.encode('t', { text: 5 }, Fragile).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidParamsError);
    expect((error as Error).message).toContain('Fragile');
    expect((error as Error).cause).toBeInstanceOf(TypeError);
  });

  it('lets the failure of an asynchronous rule through: the params may well be valid', async () => {
    @ValidatorConstraint({ async: true })
    class InDatabase implements ValidatorConstraintInterface {
      validate(): Promise<boolean> {
        return Promise.reject(new Error('no connection'));
      }
    }
    class Known {
      @Validate(InDatabase) id!: string;
    }
    await expect(codec.encode('t', { id: 'x' }, Known)).rejects.toThrow('no connection');
  });
});

describe('ParamsCodec and sensitive values', () => {
  class Login {
    @IsString({ message: 'user $value is odd' }) @MaxLength(5, { message: 'user $value is long' }) user!: string;
    @Sensitive()
    @MaxLength(8, { message: ({ value }) => `${value as string} is too long` })
    password!: string;
    @MaxLength(2, { message: ({ object }) => `see ${JSON.stringify(object)}` }) other!: string;
  }

  it('keeps values out of problems whatever message the class asks for', async () => {
    const params = { user: 'averylongname', password: 'correct horse "battery"', other: 'xyzw' };
    const problems = await problemsOf(codec.encode('login', params, Login));
    expect(problems.map(({ path }) => path)).toEqual(['user', 'password', 'other']);
    expect(problems[0]!.message).toBe('user [value] is long');
    expect(JSON.stringify(problems)).not.toMatch(/correct horse/);
  });

  it('returns the sensitive paths with the JSON, for an instance also where the task has no class', async () => {
    const params = { user: 'ann', password: 'secret', other: 'x' };
    expect((await codec.encode('login', params, Login)).sensitive).toEqual(['password']);
    expect((await codec.encode('login', Object.assign(new Login(), params), null)).sensitive).toEqual(['password']);
    expect((await codec.encode('login', params, null)).sensitive).toEqual([]);
  });
});

describe('A class whose constructor throws', () => {
  class Card {
    @Sensitive() number = '';
    constructor() {
      throw new RangeError('no card 4111-1111 today');
    }
  }

  it('is refused with the reason, without what is secret', async () => {
    const [problem] = await problemsOf(codec.encode('pay', { number: '4111-1111' }, Card));
    expect(problem).toMatchObject({ path: '' });
    expect(problem!.message).toMatch(/made into a Card: .* threw: .*no card \[sensitive\] today/);
  });

  it('has that as the cause, unless it holds what is secret', async () => {
    const causeFor = async (number: string): Promise<unknown> => {
      const error: unknown = await codec.encode('pay', { number }, Card).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidParamsError);
      return (error as Error).cause;
    };
    expect(await causeFor('5500-0000')).toMatchObject({ name: 'RangeError', message: 'no card 4111-1111 today' });
    expect(await causeFor('4111-1111')).toBeUndefined();
  });
});
