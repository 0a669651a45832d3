import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type Task, TaskDispatcher } from 'nestjs-tasks';
import { CleanupDataParams } from './cleanup-data.params.js';

@Controller('cleanup')
export class HousekeepingController {
  constructor(private readonly tasks: TaskDispatcher) {}

  /** Enqueues now what otherwise runs at night. */
  @Post()
  @HttpCode(202)
  cleanUp(@Body() params: CleanupDataParams): Promise<Task> {
    return this.tasks.queue('default', 'cleanup_data', params);
  }
}
