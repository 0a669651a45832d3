import { expect, it } from 'vitest';
import { isStepped, withoutSteps } from './stepped-opts.js';

it('knows a job that has recorded steps, and leaves its steps to the store', () => {
  const opts = { attempts: 4, stepped: true, steps: { a: '1' }, signals: [], waits: [] };
  expect([isStepped(opts), isStepped({}), isStepped({ stepped: 1 } as object)]).toEqual([true, false, false]);
  expect(withoutSteps(opts)).toEqual({ attempts: 4 });
  expect(opts.stepped).toBe(true);
});
