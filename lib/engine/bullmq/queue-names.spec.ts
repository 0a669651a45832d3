import { describe, expect, it } from 'vitest';
import { impossibleName, queueNameProblem, shownNameProblem } from './queue-names.js';

const REDIS = {};
const POSTGRES = { postgres: 'postgres://localhost/app' };
const COLON = 'has a ":", by which BullMQ separates the parts of its keys. Name it ';

describe('the name of a queue', () => {
  it.each(['default', 'a', 'nestjs-tasks-app', 'nestjs-tasks~x', 'mail~cancelled', 'x'.repeat(48)])(
    'may be %s on either server',
    (name) => {
      expect(impossibleName(name)).toBeNull();
      expect(queueNameProblem(name, REDIS)).toBeNull();
      expect(queueNameProblem(name, POSTGRES)).toBeNull();
    },
  );

  it.each([
    ['a:b', '"a-b"'],
    [':a', '"a"'],
    ['a:', '"a"'],
    ['a::b:c', '"a-b-c"'],
    ['-a:b', '"a-b"'],
    [':', 'without one'],
  ])('cannot be %s, and would be right as %s', (name, right) => {
    expect(impossibleName(name)).toBe(`${COLON}${right}`);
    expect(queueNameProblem(name, POSTGRES)).toBe(`${COLON}${right}`);
  });

  it("cannot be that of the library's own queue", () => {
    const problem = 'is the queue in which the library keeps its own notes. Name it "nestjs-tasks-app"';
    expect(impossibleName('nestjs-tasks')).toBe(problem);
    expect(queueNameProblem('nestjs-tasks', REDIS)).toBe(problem);
  });

  it('can be as long as PostgreSQL takes in the name of a connection, and any length on Redis', () => {
    const long = 'x'.repeat(49);
    expect(queueNameProblem(long, REDIS)).toBeNull();
    expect(queueNameProblem(long, POSTGRES)).toMatch(/^has 49 characters, .* can have 48: /);
  });
});

describe('the name of a queue of other code that is to be shown', () => {
  it('may be any but those of the library', () => {
    for (const name of ['legacy', 'nestjs-tasks-app', 'my-nestjs-tasks']) expect(shownNameProblem(name)).toBeNull();
    for (const name of ['nestjs-tasks', 'nestjs-tasks~audit', 'mail~cancelled']) {
      expect(shownNameProblem(name)).toBe("is one of the library's own, and not of other code");
    }
    expect(shownNameProblem('a:b')).toBe('has a ":", which no queue of BullMQ can have');
  });
});
