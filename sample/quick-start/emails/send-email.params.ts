import { IsEmail, IsIn, IsObject, IsOptional, IsString } from 'class-validator';

/** Folder views/emails holds an HTML and a text version of each. */
export const EMAIL_TEMPLATES = ['welcome', 'receipt'] as const;

export class SendEmailParams {
  @IsEmail() to!: string;
  @IsString() subject!: string;
  @IsIn(EMAIL_TEMPLATES) template!: (typeof EMAIL_TEMPLATES)[number];
  @IsOptional() @IsObject() data?: Record<string, unknown>;
}

// From here on, `tasks.queue('emails', 'send_email', …)` with other params does not compile.
declare module 'nestjs-tasks' {
  interface TaskParams {
    send_email: SendEmailParams;
  }
}
