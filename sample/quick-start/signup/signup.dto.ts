import { IsEmail, IsString, Length } from 'class-validator';

export class SignupDto {
  @IsEmail() email!: string;
  @IsString() @Length(1, 100) name!: string;
}
