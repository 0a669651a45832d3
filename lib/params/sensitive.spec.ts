import 'reflect-metadata';
import { Expose, Type } from 'class-transformer';
import { describe, expect, it } from 'vitest';
import { Sensitive } from '../nest/index.js';
import { maskSensitive } from './sensitive-path.js';
import { sensitivePaths } from './sensitive-paths.js';
import { redactor, sensitiveValues } from './secrets.js';

class Card {
  @Sensitive() number!: string;
  owner!: string;
}
class Account {
  @Sensitive() pin!: number;
}
class Payment extends Account {
  @Type(() => Card) card!: Card;
  @Type(() => Card) cards!: Card[];
  @Type(() => Card) byName!: Map<string, Card>;
  @Sensitive() @Expose({ name: 'api_key' }) apiKey!: string;
}
class Node {
  @Sensitive() secret!: string;
  title!: string;
  @Type(() => Node) children!: Node[];
}

describe('sensitivePaths', () => {
  it('finds own, inherited, renamed and nested properties', () => {
    expect(sensitivePaths(Payment).toSorted()).toEqual(
      ['pin', 'apiKey', 'api_key', 'card.number', 'cards[].number', 'byName.*.number'].toSorted(),
    );
    expect(sensitivePaths(Account)).toEqual(['pin']);
  });

  it('ends for a class that contains itself', () => {
    expect(sensitivePaths(Node)).toEqual(['secret', 'children[].**.secret']);
  });

  it('refuses a symbol', () => {
    expect(() => Sensitive()(class Odd {}.prototype, Symbol('key'))).toThrow(/Odd/);
  });
});

describe('maskSensitive', () => {
  it('replaces what is sensitive and nothing else, in a copy', () => {
    const params = {
      pin: 1234,
      api_key: 'k',
      card: { number: '4111', owner: 'Ann' },
      cards: [{ number: '1', owner: 'B' }, null, { owner: 'C' }],
      byName: { 'a.b': { number: '2', owner: 'D' } },
      note: 'n',
    };
    const before = structuredClone(params);
    expect(maskSensitive(params, sensitivePaths(Payment))).toEqual({
      pin: '[sensitive]',
      api_key: '[sensitive]',
      card: { number: '[sensitive]', owner: 'Ann' },
      cards: [{ number: '[sensitive]', owner: 'B' }, null, { owner: 'C' }],
      byName: { 'a.b': { number: '[sensitive]', owner: 'D' } },
      note: 'n',
    });
    expect(params).toEqual(before);
  });

  it('reaches every depth of a class that contains itself', () => {
    const leaf = { secret: 'c', title: 'leaf' };
    const tree = { secret: 'a', title: 'root', children: [{ secret: 'b', title: 'mid', children: [leaf] }] };
    const text = JSON.stringify(maskSensitive(tree, sensitivePaths(Node)));
    expect(text).not.toMatch(/"secret":"[abc]"/);
    expect(text.match(/\[sensitive\]/g)).toHaveLength(3);
    expect(text).toContain('"title":"leaf"');
  });

  it('hides objects and arrays as a whole, and one where an array was expected', () => {
    expect(maskSensitive({ a: { b: 1 }, list: [1, 2] }, ['a', 'list'])).toEqual({
      a: '[sensitive]',
      list: '[sensitive]',
    });
    expect(maskSensitive({ cards: { number: 'x' } }, ['cards[].number'])).toEqual({ cards: { number: '[sensitive]' } });
    expect(maskSensitive({ card: [[{ number: 'x' }]] }, ['card.number'])).toEqual({
      card: [[{ number: '[sensitive]' }]],
    });
  });

  it('takes any name, and params of any shape', () => {
    class Odd {}
    // Called, because the compiler of the tests loses quoted names of decorated properties.
    for (const name of ['a.b[]*\\', '*']) Sensitive()(Odd.prototype, name);
    expect(maskSensitive({ 'a.b[]*\\': 'x', '*': 'y', shown: 'z' }, sensitivePaths(Odd))).toEqual({
      'a.b[]*\\': '[sensitive]',
      '*': '[sensitive]',
      shown: 'z',
    });
    for (const params of [null, 'text', 5, []]) expect(maskSensitive(params, ['a.b'])).toEqual(params);
  });
});

describe('redactor', () => {
  it('takes the values of a task out of a text, however they are written', () => {
    const params = { card: { number: '4111 1111' }, pin: 98765, cards: [{ number: 'a "quoted" one' }] };
    const secrets = sensitiveValues(params, sensitivePaths(Payment));
    const text = redactor(secrets)(`card 4111 1111, 4111%201111, pin=98765, ${JSON.stringify(params.cards)}`);
    expect(text).toBe('card [sensitive], [sensitive], pin=[sensitive], [{"number":"[sensitive]"}]');
  });

  it('replaces the longer of two that overlap, and leaves short ones', () => {
    expect(redactor(['pass', 'passport', 'a'])('pass passport a')).toBe('[sensitive] [sensitive] a');
    expect(redactor(['\uD800xyz'])('\uD800xyz')).toBe('[sensitive]');
    expect(redactor([])('text')).toBe('text');
  });

  it('collects from instances with maps and from whole objects', () => {
    const payment = new Payment();
    payment.byName = new Map([['a', Object.assign(new Card(), { number: 'from map' })]]);
    expect(sensitiveValues(payment, sensitivePaths(Payment))).toEqual(['from map']);
    expect(sensitiveValues({ a: { b: ['x', 7n], c: true } }, ['a'])).toEqual(['x', '7']);
  });
});
