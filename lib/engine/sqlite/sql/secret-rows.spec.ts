import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { allSecrets, readSecret, storeSecret } from './secret-rows.js';

describe('A secret of a store', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const store = (name: string, value: string) => site.write((transaction) => storeSecret(transaction, name, value));

  it('is that of the process that was first', () => {
    expect(readSecret(site.database, 'salt')).toBeUndefined();
    expect(store('salt', 'one')).toBe('one');
    expect(store('salt', 'other')).toBe('one');
    expect(store('pepper', 'two')).toBe('two');
    expect(readSecret(site.database, 'salt')).toBe('one');
    expect(allSecrets(site.database)).toEqual(
      new Map([
        ['salt', 'one'],
        ['pepper', 'two'],
      ]),
    );
  });
});
