import { Module } from '@nestjs/common';
import { IsString } from 'class-validator';
import { TaskHandler, TasksModule } from 'nestjs-tasks';

class SendLetterParams {
  @IsString() to!: string;
  @IsString() template!: string;
}

/** The build that takes over: the task has a better name, and its params say which template is wanted. */
@TaskHandler('send_letter', {
  params: SendLetterParams,
  aliases: ['mail'],
  version: 2,
  upgrade: { 1: (params: object) => ({ ...params, template: 'plain' }) },
})
class SendLetterHandler {
  handle({ to, template }: SendLetterParams): void {
    console.log(`newer build: ${template} mail to ${to}`);
  }
}

@Module({ imports: [TasksModule.forRoot({ admin: false })], providers: [SendLetterHandler] })
export class NewerBuild {}
