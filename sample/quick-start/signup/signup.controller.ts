import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { Task } from 'nestjs-tasks';
import { SignupDto } from './signup.dto.js';
import { SignupService } from './signup.service.js';

@Controller('signup')
export class SignupController {
  constructor(private readonly signup: SignupService) {}

  @Post()
  @HttpCode(202)
  signUp(@Body() body: SignupDto): Promise<Task> {
    return this.signup.signUp(body);
  }
}
