import { IsEmail, IsObject, IsOptional, IsString } from 'class-validator';

export class SendEmailParams {
  @IsEmail() to!: string;
  @IsString() subject!: string;
  @IsString() template!: string;
  @IsOptional() @IsObject() data?: Record<string, unknown>;
}

declare module 'nestjs-tasks' {
  interface TaskParams {
    send_email: SendEmailParams;
  }
}
