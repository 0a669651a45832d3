import { Module } from '@nestjs/common';
import { EmailsModule } from '../emails/emails.module.js';
import { HousekeepingController } from './housekeeping.controller.js';
import { Housekeeping } from './housekeeping.js';

@Module({ imports: [EmailsModule], controllers: [HousekeepingController], providers: [Housekeeping] })
export class HousekeepingModule {}
