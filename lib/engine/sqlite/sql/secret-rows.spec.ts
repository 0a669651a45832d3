import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StatementSite } from '../../../../test/support/statement-site.js';
import { allSecrets, readSecret, storeSecret } from './secret-rows.js';

describe('A secret of a store', () => {
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  const store = (name: string, value: string) => site.run((transaction) => storeSecret(transaction, name, value));

  it('is that of the process that was first', async () => {
    expect(readSecret(site.database, 'salt')).toBeUndefined();
    expect(await store('salt', 'one')).toBe('one');
    expect(await store('salt', 'other')).toBe('one');
    expect(await store('pepper', 'two')).toBe('two');
    expect(readSecret(site.database, 'salt')).toBe('one');
    expect(allSecrets(site.database)).toEqual(
      new Map([
        ['salt', 'one'],
        ['pepper', 'two'],
      ]),
    );
  });
});
