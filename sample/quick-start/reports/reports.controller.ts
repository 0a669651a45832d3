import { Controller, HttpCode, Param, ParseEnumPipe, Post } from '@nestjs/common';
import { type Task, TaskDispatcher } from 'nestjs-tasks';

enum Report {
  flaky = 'flaky',
  broken = 'broken',
  impossible = 'impossible',
}

@Controller('reports')
export class ReportsController {
  constructor(private readonly tasks: TaskDispatcher) {}

  @Post(':report')
  @HttpCode(202)
  write(@Param('report', new ParseEnumPipe(Report)) report: Report): Promise<Task> {
    return this.tasks.queue('reports', `${report}_report`, {});
  }
}
