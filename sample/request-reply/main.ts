// Request and reply over a queue: a route answers with the result of a task, which any process may run.
//   curl http://127.0.0.1:3000/reports/2027-01
import 'reflect-metadata';
import {
  BadGatewayException,
  Controller,
  GatewayTimeoutException,
  Get,
  Module,
  NotFoundException,
  Param,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Matches } from 'class-validator';
import {
  InvalidParamsError,
  ResultTimeoutError,
  TaskDispatcher,
  TaskFailedError,
  TaskHandler,
  TasksModule,
} from 'nestjs-tasks';

class ReportParams {
  @Matches(/^\d{4}-\d{2}$/) month!: string;
}

interface Report {
  month: string;
  days: number;
}

@TaskHandler('render_report', { params: ReportParams, queue: 'reports', result: '1h', maxRetries: 0 })
class RenderReportHandler {
  handle({ month }: ReportParams): Report {
    const [year, number] = month.split('-').map(Number) as [number, number];
    if (number < 1 || number > 12) throw new RangeError(`There is no month ${number}`);
    return { month, days: new Date(Date.UTC(year, number, 0)).getUTCDate() };
  }
}

@Controller('reports')
class ReportsController {
  constructor(private readonly tasks: TaskDispatcher) {}

  /** The task goes on where nobody waits any more; its result can be asked for by its id. */
  @Get(':month')
  async report(@Param('month') month: string): Promise<Report> {
    try {
      return await this.tasks.run<Report>('reports', 'render_report', { month }, { timeout: '20s' });
    } catch (error) {
      if (error instanceof InvalidParamsError) throw new NotFoundException('A month is written as 2027-01.');
      if (error instanceof ResultTimeoutError) throw new GatewayTimeoutException(error.message);
      if (error instanceof TaskFailedError) throw new BadGatewayException((error.cause as Error).message);
      throw error;
    }
  }
}

@Module({
  imports: [TasksModule.forRoot({ workers: { reports: 2 } })],
  controllers: [ReportsController],
  providers: [RenderReportHandler],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
