import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TaskDispatcher } from 'nestjs-tasks';
import { AppModule } from '../src/app.module.js';
import { ended } from '../src/ended.js';
import { MailService } from '../src/mail.service.js';
import { SignupService } from '../src/signup.service.js';

/** An app that sends mails; its files run side by side, each in a process of the test runner. */
export function itSendsItsOwnMailsAlone(domain: string): void {
  let app: INestApplication;

  beforeEach(async () => {
    const built = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = built.createNestApplication({ logger: ['error', 'warn'] });
    await app.init();
  });
  afterEach(() => app.close());

  it.each(Array.from({ length: 10 }, (_, index) => index))('sends its own mails alone, round %d', async (round) => {
    const to = Array.from({ length: 5 }, (_, index) => `mail-${round}-${index}@${domain}`);
    const queued = await app.get(SignupService).newsletter(to);
    await Promise.all(queued.map(({ id }) => ended(app.get(TaskDispatcher), id)));
    const sent = app.get(MailService).sent.map((mail) => mail.to);
    expect(sent.toSorted()).toEqual(to.toSorted());
  });
}
