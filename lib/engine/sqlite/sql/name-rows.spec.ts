import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StatementSite } from '../../../../test/support/statement-site.js';
import { parsePaths, saveSensitivePaths } from './name-rows.js';

describe('What is never shown of the params of a task, by its name', () => {
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  const save = (name: string, ...paths: string[]) =>
    site.run((transaction) => saveSensitivePaths(transaction, name, paths));
  const names = () => site.all('SELECT name, sensitive FROM tasks_name ORDER BY name');

  it('is noted, noted anew, and taken back', async () => {
    await save('mail', 'password', 'cards[].number');
    await save('news', 'token');
    expect(names()).toEqual([
      { name: 'mail', sensitive: '["password","cards[].number"]' },
      { name: 'news', sensitive: '["token"]' },
    ]);
    await save('mail', 'pin');
    await save('news');
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
