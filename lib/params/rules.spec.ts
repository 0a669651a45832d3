import 'reflect-metadata';
import {
  ArrayMinSize,
  IsDefined,
  IsEmail,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Min,
  registerDecorator,
  useContainer,
  Validate,
  ValidateIf,
  ValidateNested,
  validateSync,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meetsRules } from './rules.js';

class Base {
  @IsString() @Length(1, 5) kind!: unknown;
}

class Order extends Base {
  @IsEmail() to!: unknown;
  @IsOptional() @IsInt() @Min(0) count?: unknown;
  @IsString({ each: true }) @ArrayMinSize(1) tags!: unknown;
  @ValidateIf((order: Order) => order.count !== 1) @IsIn(['a', 'b']) choice?: unknown;
  @IsDefined() @IsObject({ groups: ['never asked for'] }) data!: unknown;
}

function anyOf(...values: unknown[]): fc.Arbitrary<unknown> {
  return fc.constantFrom(...values, undefined, null, 1, 'x', {}, []);
}

const orders = fc.record({
  kind: anyOf('abc', ''),
  to: anyOf('ann@example.com', 'ann@'),
  count: anyOf(0, -1, 1.5),
  tags: anyOf(['a'], ['a', 1], new Set(['a'])),
  choice: anyOf('a', 'c'),
  data: anyOf({ a: 1 }),
});

describe('meetsRules', () => {
  it('says yes to what class-validator takes and to nothing else', () => {
    let met = 0;
    fc.assert(
      fc.property(orders, (values) => {
        const order = Object.assign(new Order(), values);
        const meets = meetsRules(order);
        if (meets) met += 1;
        expect(meets).toBe(validateSync(order, { forbidUnknownValues: false }).length === 0);
      }),
      { numRuns: 2_000, examples: [[{ kind: 'a', to: 'a@b.org', count: 1, tags: ['t'], choice: 'c', data: {} }]] },
    );
    expect(met).toBeGreaterThan(0);
  });

  it('takes a class without rules', () => {
    class Free {}
    expect(meetsRules(Object.assign(new Free(), { a: 1 }))).toBe(true);
  });

  it('leaves nested rules to class-validator', () => {
    class Outer {
      @ValidateNested() inner = Object.assign(new Base(), { kind: 'abc' });
    }
    expect(meetsRules(new Outer())).toBe(false);
  });

  it('asks no rule that says it is asynchronous', () => {
    let asked = 0;
    @ValidatorConstraint({ async: true })
    class Lookup implements ValidatorConstraintInterface {
      async validate(): Promise<boolean> {
        return (asked += 1) > 0;
      }
    }
    class Known {
      @Validate(Lookup) id = 1;
    }
    expect(meetsRules(new Known())).toBe(false);
    expect(asked).toBe(0);
  });

  it('asks a rule once that turns out to be asynchronous', () => {
    let asked = 0;
    class Known {
      id = 1;
    }
    registerDecorator({
      name: 'known',
      target: Known,
      propertyName: 'id',
      validator: { validate: () => Promise.reject(new Error(`no connection ${(asked += 1)}`)) },
    });
    expect(meetsRules(new Known())).toBe(false);
    expect(meetsRules(new Known())).toBe(false);
    expect(asked).toBe(1);
  });

  it("asks the app's container for the app's rules, also when it is set later", () => {
    @ValidatorConstraint()
    class Odd implements ValidatorConstraintInterface {
      constructor(private readonly allowed: readonly number[] = []) {}
      validate(value: unknown): boolean {
        return this.allowed.includes(value as number);
      }
    }
    class Numbered {
      @Validate(Odd) @IsInt() number = 3;
    }
    expect(meetsRules(new Numbered())).toBe(false);
    try {
      useContainer({ get: (type: unknown) => (type === Odd ? new Odd([3]) : undefined) }, { fallback: true });
      expect(meetsRules(new Numbered())).toBe(true);
    } finally {
      useContainer(undefined as never);
    }
  });
});
