import { IsEmail, IsObject, IsString } from 'class-validator';

/** What an app would have its params checked for. */
export class MailParams {
  @IsEmail() to!: string;
  @IsString() subject!: string;
  @IsString() template!: string;
  @IsObject() data!: { readonly index: number };
}
