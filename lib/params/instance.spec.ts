import 'reflect-metadata';
import { Exclude, Expose, plainToInstance, Transform, Type } from 'class-transformer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantiate } from './instance.js';
import { findReservedKey } from './instance.js';

class Plain {
  kind = 'none';
  declare data?: unknown;
}

class WithMembers extends Plain {
  callback: unknown = () => 1;
  #size = 0;
  set size(value: unknown) {
    this.#size = Number(value) * 2;
  }
  get size(): unknown {
    return this.#size;
  }
  get area(): number {
    return this.#size ** 2;
  }
  describe(): string {
    return this.kind;
  }
}

const KEYS = ['kind', 'data', 'callback', 'size', 'area', 'describe', 'other', '0'];

describe('instantiate', () => {
  it.each([Plain, WithMembers])('makes of any JSON what class-transformer makes of it: %o', (type) => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue()), (params) => {
        const json = JSON.stringify(params);
        // Keys that class-transformer skips are refused before.
        fc.pre(findReservedKey(json, JSON.parse(json) as object) === null);
        const { instance } = instantiate(type, JSON.parse(json) as object);
        const expected = plainToInstance(type as new () => object, JSON.parse(json) as object);
        expect(instance).toBeInstanceOf(type);
        expect(Object.entries(instance)).toEqual(
          Object.entries(expected).map(([key, value]) => [
            key,
            typeof value === 'function' ? expect.any(Function) : value,
          ]),
        );
        expect((instance as WithMembers).size).toEqual((expected as WithMembers).size);
      }),
    );
  });

  it('leaves classes that class-transformer has decorators for to it', () => {
    class Typed {
      @Type(() => Date) at!: Date;
    }
    class Inherits extends Typed {}
    class Renamed {
      @Expose({ name: 'full_name' }) name!: string;
    }
    class Split {
      @Transform(({ value }) => String(value).split(',')) tags!: string[];
    }
    class Hidden {
      @Exclude() secret?: string;
    }
    expect(instantiate(Inherits, { at: '2027-01-01' }).instance).toEqual({ at: new Date('2027-01-01') });
    expect(instantiate(Renamed, { full_name: 'Ann' }).instance).toEqual({ name: 'Ann' });
    expect(instantiate(Split, { tags: 'a,b' }).instance).toEqual({ tags: ['a', 'b'] });
    expect(instantiate(Hidden, { secret: 'x' }).instance).toEqual({});
  });
});
