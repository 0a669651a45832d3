import { Module } from '@nestjs/common';
import { ImportsModule } from '../imports/imports.module.js';
import { SignupModule } from '../signup/signup.module.js';
import { FirstStart } from './first-start.js';
import { HomeController } from './home.controller.js';

@Module({ imports: [SignupModule, ImportsModule], controllers: [HomeController], providers: [FirstStart] })
export class HomeModule {}
