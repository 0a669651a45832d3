import { itSendsItsOwnMailsAlone } from './mailing.js';

/** The fake timers of the test runner, by its setup file. */
declare const timers: { useFakeTimers(): unknown; useRealTimers(): unknown };

describe('an app whose tests have fake timers', () => {
  beforeAll(() => void timers.useFakeTimers());
  afterAll(() => void timers.useRealTimers());

  itSendsItsOwnMailsAlone('fake.example');
});
