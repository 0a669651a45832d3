import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { Answers } from './answers.js';
import { rawResponse, type HttpResponse } from './http-types.js';
import { toProblemError } from './problem-mapping.js';

/** Turns whatever a guard or a handler of the panel throws into a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('TasksAdmin');

  constructor(private readonly answers: Answers) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<HttpResponse>();
    const problem = toProblemError(error);
    if (problem.status >= 500)
      this.logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    // A stream that has begun, or an answer that an interceptor of the app gave up on: it has its status already.
    if (rawResponse(response).headersSent) return;
    this.answers.problem(response, problem);
  }
}
