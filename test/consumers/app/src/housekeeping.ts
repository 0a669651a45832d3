import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { TaskDispatcher } from 'nestjs-tasks';

@Injectable()
export class Housekeeping {
  constructor(private readonly tasks: TaskDispatcher) {}

  @Cron('0 0 * * *', { name: 'cleanup_old_data', timeZone: 'Europe/Paris' })
  async cleanup(): Promise<void> {
    await this.tasks.queue('default', 'cleanup_data', {});
  }
}
