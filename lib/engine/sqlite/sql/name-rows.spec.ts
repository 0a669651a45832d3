import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { parsePaths, saveSensitivePaths } from './name-rows.js';

describe('What is never shown of the params of a task, by its name', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const save = (name: string, ...paths: string[]) =>
    site.write((transaction) => saveSensitivePaths(transaction, name, paths));
  const names = () => site.find('SELECT name, sensitive FROM tasks_name ORDER BY name');

  it('is noted, noted anew, and taken back', () => {
    save('mail', 'password', 'cards[].number');
    save('news', 'token');
    expect(names()).toEqual([
      { name: 'mail', sensitive: '["password","cards[].number"]' },
      { name: 'news', sensitive: '["token"]' },
    ]);
    save('mail', 'pin');
    save('news');
    expect(names()).toEqual([{ name: 'mail', sensitive: '["pin"]' }]);
  });
});

it.each([
  ['["password","pin"]', ['password', 'pin']],
  ['[]', []],
  ['["password', ['']],
  ['"password"', ['']],
  ['{"0":"password"}', ['']],
  ['["password",1]', ['']],
])('What is never shown is read from %s, and is all of it where that tells nothing', (text, paths) => {
  expect(parsePaths(text)).toEqual(paths);
});
