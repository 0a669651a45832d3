import { Controller, Get, Inject, Req, Res, SetMetadata, type Type, UseFilters, UseGuards } from '@nestjs/common';
import type { TasksMetrics } from '../../metrics/index.js';
import { ADMIN_METRICS, SWAGGER_EXCLUDE_METADATA } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import type { HttpRequest, HttpResponse } from '../http/http-types.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { MetricsGuard } from './metrics-guard.js';

/** The route of a store's metrics, a class for each store, as its path is metadata of the class. */
export function metricsController(): Type<object> {
  @Controller()
  @UseGuards(MetricsGuard)
  @UseFilters(ProblemFilter)
  @SetMetadata(SWAGGER_EXCLUDE_METADATA, [true])
  class TasksMetricsController {
    constructor(
      @Inject(ADMIN_METRICS) private readonly metrics: TasksMetrics,
      private readonly answers: Answers,
    ) {}

    @Get()
    async get(@Req() _request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
      const text = await this.metrics.text();
      this.answers.text(response, 200, text, {
        'Content-Type': this.metrics.contentType,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      });
    }
  }
  return TasksMetricsController;
}
