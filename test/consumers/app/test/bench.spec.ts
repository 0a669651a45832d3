import { Test, type TestingModule } from '@nestjs/testing';
import { TasksModule } from 'nestjs-tasks';
import { TasksTesting, TasksTestingError, TasksTestingModule } from 'nestjs-tasks/testing';
import { AppModule } from '../src/app.module.js';
import { MailService } from '../src/mail.service.js';
import { SendEmailHandler } from '../src/send-email.handler.js';
import { SignupService } from '../src/signup.service.js';

/** The fake timers of the test runner, by its setup file. */
declare const timers: { useFakeTimers(): unknown; useRealTimers(): unknown };

let app: TestingModule;
let t: TasksTesting;

async function boot(): Promise<void> {
  app = await Test.createTestingModule({ imports: [AppModule] })
    .overrideModule(TasksModule)
    .useModule(TasksTestingModule.forRoot())
    .compile();
  t = app.get(TasksTesting);
}

/** An app on the test bench, its tasks run when the test says so. */
function itRunsWhatItIsTold(): void {
  it('shows what was enqueued, and runs it', async () => {
    const queued = await t.queuedDuring(() => app.get(SignupService).welcome('ada@example.com'));
    expect(queued).toHaveLength(1);
    t.expectQueued('send_email', { to: 'ada@example.com', subject: expect.any(String) as string });
    t.expectNotQueued('send_email', { to: 'grace@example.com' });
    expect(() => t.expectQueued('send_email', { to: 'grace@example.com' })).toThrow(TasksTestingError);
    expect(await t.drain()).toMatchObject([{ name: 'send_email', outcome: 'completed' }]);
    expect(app.get(MailService).sent.map(({ to }) => to)).toEqual(['ada@example.com']);
  });

  it('lets days pass', async () => {
    await app.get(SignupService).importSoon(1);
    await t.drain();
    t.expectNotQueued('cleanup_data');
    await t.advance('2d');
    t.expectQueued('import_data', { importId: 1 }, { delay: 300_000 });
    expect(t.queued('cleanup_data')).toHaveLength(2);
  });

  it('makes one attempt of a handler', async () => {
    const sent = await t.perform(SendEmailHandler, { to: 'ada@example.com', subject: 'Hi', template: 'hi' });
    expect(sent).toMatchObject({ outcome: 'completed', error: null, retryIn: null });
    const refused = await t.perform(SendEmailHandler, { to: 'nobody' }, { attempt: 3 });
    expect(refused).toMatchObject({ outcome: 'failed', error: { name: 'InvalidParamsError' } });
  });
}

describe('an app on the test bench', () => {
  beforeEach(boot);
  afterEach(() => app.close());

  itRunsWhatItIsTold();
});

describe('an app on the test bench, with fake timers', () => {
  beforeAll(() => void timers.useFakeTimers());
  afterAll(() => void timers.useRealTimers());
  beforeEach(boot);
  afterEach(() => app.close());

  itRunsWhatItIsTold();
});
