import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../contract/index.js';
import { checkTags } from './tags.js';

const LONG = 'x'.repeat(129);

describe('tags', () => {
  it.each([
    {},
    { customer: '42' },
    { 'ein Name': 'äöü 😀', product: 'a:b/c?d=e&f' },
    { ['x'.repeat(128)]: 'y'.repeat(128) },
    Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`tag ${index}`, String(index)])),
    { constructor: 'x', toString: 'y' },
  ])('are taken as they are: %j', (tags) => {
    expect(checkTags(tags)).toEqual(tags);
    expect(Object.keys(checkTags(tags))).toEqual(Object.keys(tags));
  });

  it('may have a name that objects have by themselves', () => {
    const tags = JSON.parse('{"__proto__":"x"}') as object;
    expect(Object.entries(checkTags(tags))).toEqual([['__proto__', 'x']]);
  });

  it.each([
    [null, 'tags', 'empty (null)'],
    ['customer:42', 'tags', '"customer:42"'],
    [['customer'], 'tags', 'a list'],
    [new Map([['customer', '42']]), 'tags', 'a Map'],
    [new Date(0), 'tags', 'a Date'],
    [Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`t${index}`, ''])), 'tags', 'at most 10, and are 11'],
    [{ customer: 42 }, 'tags.customer', "must be a text, such as '42', not 42"],
    [{ customer: true }, 'tags.customer', 'not true'],
    [{ customer: undefined }, 'tags.customer', 'not undefined'],
    [{ customer: null }, 'tags.customer', 'not empty (null)'],
    [{ customer: { id: 1 } }, 'tags.customer', 'not an object'],
    [{ customer: '' }, 'tags.customer', '1 to 128 characters'],
    [{ customer: ' ' }, 'tags.customer', '1 to 128 characters'],
    [{ customer: LONG }, 'tags.customer', '1 to 128 characters'],
    [{ customer: 'a\nb' }, 'tags.customer', 'control characters'],
    [{ customer: 'a\u0000' }, 'tags.customer', 'control characters'],
    [{ customer: 'a\u0085' }, 'tags.customer', 'control characters'],
    [{ customer: '\ud83d' }, 'tags.customer', 'half of a surrogate pair'],
    [{ '': 'x' }, 'tags', 'the name ""'],
    [{ [LONG]: 'x' }, 'tags', '1 to 128 characters'],
    [{ 'a\tb': 'x' }, 'tags', 'control characters'],
    [{ '\udc00': 'x' }, 'tags', 'half of a surrogate pair'],
    [{ 'a:b': 'x' }, 'tags', 'must not have a colon'],
  ])('are refused by name where they are wrong: %j', (tags, field, said) => {
    const check = (): unknown => checkTags(tags);
    expect(check).toThrow(InvalidArgumentError);
    expect(check).toThrow(expect.objectContaining({ field, message: expect.stringContaining(said) }));
  });
});
