import { itSendsItsOwnMailsAlone } from './mailing.js';

describe('an app, beside another one', () => {
  itSendsItsOwnMailsAlone('one.example');
});
