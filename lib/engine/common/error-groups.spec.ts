import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ErrorGroups, MAX_GROUPS_LISTED, errorGroupKey, messagePattern } from './error-groups.js';
import type { ErrorOccurrence } from '../../contract/index.js';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2027, 0, 1, 12, 30);

describe('messagePattern', () => {
  it.each([
    ['Order 4711 not found', 'Order … not found'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED …:…'],
    ['Timed out after 1,500.25 ms', 'Timed out after … ms'],
    ['User "Ada \n Lovelace" has no \'address\'', 'User "…" has no "…"'],
    ["Can't reach 'smtp.example' and won't wait", 'Can\'t reach "…" and won\'t wait'],
    ['No task 01a20d5d-2ef3-7b67-816f-764bd9ec0e6f here', 'No task … here'],
    ['Commit 9fceb02d0ae598e95dc970b74767f19372d61af8', 'Commit …'],
    ['Bad pointer 0xDEADBEEF', 'Bad pointer …'],
    ['Object 507f1f77bcf86cd799439011 is gone', 'Object … is gone'],
    ['internationalization-is-a-long-word', 'internationalization-is-a-long-word'],
    ['line one\n\tline two', 'line one line two'],
    ['451 4.3.0 Mail server is busy, try in 12 s', '451 4.3.0 Mail server is busy, try in … s'],
    ['https://shop.example/orders/4711 answered 503', 'https://shop.example/orders/… answered 503'],
    ['Request failed with status code 404 after 3 tries', 'Request failed with status code 404 after … tries'],
    ['exited with code 137 (job 5)', 'exited with code 137 (job …)'],
    ['HTTP/1.1 502 from 10.0.0.1', 'HTTP/1.1 502 from …'],
    ['Order code 20271 is none', 'Order code … is none'],
    ['', ''],
  ])('of %j is %j', (message, pattern) => {
    expect(messagePattern(message)).toBe(pattern);
  });

  const words = fc.stringMatching(/^[A-Z][a-z]{0,8}( [a-z]{1,8}){0,4}$/);
  const variable = fc.oneof(
    fc.nat().map(String),
    fc.uuid(),
    fc.stringMatching(/^"[^"\n]{0,20}"$/),
    fc.stringMatching(/^[0-9a-f]{24}$/),
  );

  it('is the same whatever numbers, ids and quotes stand in it', () => {
    const kinds = [
      fc.tuple(fc.nat().map(String), fc.nat().map(String)),
      fc.tuple(fc.uuid(), fc.uuid()),
      fc.tuple(fc.stringMatching(/^"[^"]{0,20}"$/), fc.stringMatching(/^"[^"]{0,20}"$/)),
    ];
    fc.assert(
      fc.property(words, words, fc.oneof(...kinds), (before, after, [one, other]) => {
        expect(messagePattern(`${before} ${one} ${after}`)).toBe(messagePattern(`${before} ${other} ${after}`));
      }),
    );
  });

  it('keeps words apart', () => {
    fc.assert(
      fc.property(words, words, variable, (one, other, value) => {
        fc.pre(one !== other);
        expect(messagePattern(`${one} ${value}`)).not.toBe(messagePattern(`${other} ${value}`));
      }),
    );
  });

  it('takes any text, and not long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
        expect(messagePattern(text).length).toBeLessThanOrEqual(300);
      }),
    );
    for (const hostile of ['"', "'", '0', 'a1', '-', '0x', 'f', ' ']) messagePattern(hostile.repeat(1_000_000));
  });
});

describe('ErrorGroups', () => {
  const occurrences: fc.Arbitrary<ErrorOccurrence[]> = fc.array(
    fc.record({
      id: fc.uuid(),
      queue: fc.constantFrom('default', 'emails'),
      name: fc.constantFrom('send', 'import'),
      error: fc.record({
        name: fc.constantFrom('Error', 'TypeError'),
        message: fc.tuple(fc.constantFrom('Order', 'User'), fc.nat()).map(([what, id]) => `${what} ${id} is gone`),
      }),
      at: fc.integer({ min: NOW - 48 * HOUR_MS, max: NOW }),
    }),
    { maxLength: 60 },
  );

  function grouped(all: readonly ErrorOccurrence[]) {
    const groups = new ErrorGroups(NOW);
    for (const occurrence of all) groups.add(occurrence);
    return groups.report(true);
  }

  it('puts each error into the group of its key, and counts it once', () => {
    fc.assert(
      fc.property(occurrences, (all) => {
        const { items, looked } = grouped(all);
        expect(looked).toBe(all.length);
        expect(new Set(items.map(({ key }) => key)).size).toBe(items.length);
        expect(items.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
        for (const group of items) {
          const own = all.filter(({ name, error }) => errorGroupKey(name, error) === group.key);
          const times = own.map(({ at }) => at);
          const recent = times.filter((at) => Math.floor(at / HOUR_MS) > Math.floor(NOW / HOUR_MS) - 24);
          expect(group).toMatchObject({
            name: own[0]!.name,
            error: { name: own[0]!.error.name },
            count: own.length,
            queues: [...new Set(own.map(({ queue }) => queue))].toSorted(),
            firstAt: Math.min(...times),
            lastAt: Math.max(...times),
          });
          expect(own.find(({ id }) => id === group.sampleId)!.at).toBe(group.lastAt);
          expect(group.points).toHaveLength(24);
          expect(group.points.reduce((sum, count) => sum + count, 0)).toBe(recent.length);
        }
        const counts = items.map(({ count }) => count);
        expect(counts).toEqual(counts.toSorted((a, b) => b - a));
      }),
    );
  });

  it('does not depend on the order, but for which of several at one time is the sample', () => {
    const withoutSample = (all: readonly ErrorOccurrence[]) =>
      grouped(all)
        .items.map(({ sampleId: _, ...group }) => group)
        .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    fc.assert(
      fc.property(occurrences, (all) => {
        expect(withoutSample(all.toReversed())).toEqual(withoutSample(all));
      }),
    );
  });

  it('counts by the hour, the current one last', () => {
    const error = { name: 'Error', message: 'Gone' };
    const at = (hours: number): ErrorOccurrence => ({
      id: '1',
      queue: 'q',
      name: 'n',
      error,
      at: NOW - hours * HOUR_MS,
    });
    const [group] = grouped([at(0), at(0.4), at(0.6), at(23), at(24), at(500)]).items;
    expect(group!.points).toEqual([1, ...Array.from({ length: 21 }, () => 0), 1, 2]);
  });

  it('lists a bounded number of groups', () => {
    const all = Array.from({ length: MAX_GROUPS_LISTED + 50 }, (_, index) => {
      const letters = [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
      return { id: '1', queue: 'q', name: 'n', error: { name: 'Error', message: `No ${letters}` }, at: NOW };
    });
    expect(grouped(all)).toMatchObject({ looked: all.length });
    expect(grouped(all).items).toHaveLength(MAX_GROUPS_LISTED);
  });
});
