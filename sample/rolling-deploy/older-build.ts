import { Module } from '@nestjs/common';
import { TaskHandler, TasksModule } from 'nestjs-tasks';

/** The build that is about to go: it knows mails as `mail`, with an address alone. */
@TaskHandler('mail')
class MailHandler {
  handle({ to }: { to: string }): void {
    console.log(`older build: mail to ${to}`);
  }
}

@Module({ imports: [TasksModule.forRoot({ admin: false })], providers: [MailHandler] })
export class OlderBuild {}
