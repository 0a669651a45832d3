import { Expose, Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsBoolean,
  IsDate,
  IsDateString,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { Sensitive } from '../nest/index.js';
import { paramsFields } from './params-fields.js';

enum Size {
  Small,
  Large,
}
enum Colour {
  Red = 'red',
  Blue = 'blue',
}

class Card {
  @IsString()
  @Sensitive()
  number!: string;
}

class Base {
  @IsString()
  @Length(2, 40)
  title!: string;
}

class Order extends Base {
  @IsInt()
  @Min(1)
  @Max(99)
  amount!: number;

  @IsNumber()
  @IsOptional()
  weight?: number;

  @IsBoolean()
  gift!: boolean;

  @IsEmail()
  @MaxLength(120)
  to!: string;

  @IsUrl()
  link!: string;

  @IsDateString()
  day!: string;

  @IsDate()
  @Type(() => Date)
  at!: Date;

  @IsEnum(Size)
  size!: Size;

  @IsEnum(Colour)
  colour!: Colour;

  @IsIn([1, 'two'])
  choice!: unknown;

  @Matches(/^[a-z]+$/)
  code!: string;

  @Matches(/^[a-z]+$/i)
  label!: string;

  @IsString({ each: true })
  tags!: string[];

  @ArrayNotEmpty()
  rows!: unknown[];

  @IsObject()
  extra!: object;

  @ValidateNested()
  @Type(() => Card)
  card!: Card;

  @ValidateIf((order: Order) => order.gift)
  @IsString()
  note!: string;

  @Sensitive()
  secret!: string;

  @Expose({ name: 'user_id' })
  @IsString()
  userId!: string;
}

describe('paramsFields', () => {
  const fields = new Map(paramsFields(Order).map(({ name, ...field }) => [name, field]));
  const plain = { required: true, sensitive: false };

  it.each([
    ['title', { ...plain, type: 'string', minLength: 2, maxLength: 40 }],
    ['amount', { ...plain, type: 'integer', min: 1, max: 99 }],
    ['weight', { ...plain, type: 'number', required: false }],
    ['gift', { ...plain, type: 'boolean' }],
    ['to', { ...plain, type: 'email', maxLength: 120 }],
    ['link', { ...plain, type: 'url' }],
    ['day', { ...plain, type: 'date' }],
    ['at', { ...plain, type: 'date' }],
    ['size', { ...plain, type: 'enum', values: [0, 1] }],
    ['colour', { ...plain, type: 'enum', values: ['red', 'blue'] }],
    ['choice', { ...plain, type: 'enum', values: [1, 'two'] }],
    ['code', { ...plain, type: 'string', pattern: '^[a-z]+$' }],
    ['label', { ...plain, type: 'string' }],
    ['tags', { ...plain, type: 'array', items: 'string' }],
    ['rows', { ...plain, type: 'array' }],
    ['extra', { ...plain, type: 'object' }],
    [
      'card',
      {
        ...plain,
        type: 'object',
        sensitive: true,
        fields: [{ name: 'number', type: 'string', required: true, sensitive: true }],
      },
    ],
    ['note', { ...plain, type: 'string', required: false }],
    ['secret', { ...plain, type: 'string', required: false, sensitive: true }],
    ['user_id', { ...plain, type: 'string' }],
  ])('tells of %s', (name, field) => {
    expect(fields.get(name)).toEqual(field);
  });

  it('tells of each property once, its own before those that it inherits', () => {
    const names = paramsFields(Order).map(({ name }) => name);
    expect(names).toHaveLength(20);
    expect(new Set(names).size).toBe(20);
    expect(names[0]).toBe('amount');
  });

  it('tells of what objects and arrays hold, and stops where a class holds itself', () => {
    class Item {
      @IsString()
      sku!: string;

      @ValidateNested()
      @Type(() => Item)
      instead?: Item;
    }
    class Basket {
      @ValidateNested({ each: true })
      @Type(() => Item)
      items!: Item[];

      @ValidateNested()
      @Type(() => Map)
      byName!: Map<string, Item>;

      @IsInt({ each: true })
      @Max(9, { each: true })
      counts!: number[];
    }
    const [items, byName, counts] = paramsFields(Basket);
    expect(items).toEqual({
      ...plain,
      name: 'items',
      type: 'array',
      fields: [
        { ...plain, name: 'sku', type: 'string' },
        { ...plain, name: 'instead', type: 'object' },
      ],
    });
    expect(byName).not.toHaveProperty('fields');
    expect(counts).toEqual({ ...plain, name: 'counts', type: 'array', items: 'integer', max: 9 });
  });

  it('knows of none in a class without rules', () => {
    expect(paramsFields(class Empty {})).toEqual([]);
  });
});
