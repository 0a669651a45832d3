import { HttpException } from '@nestjs/common';
import {
  InvalidArgumentError,
  InvalidParamsError,
  ForeignQueueError,
  ParamsTooLargeError,
  ScheduleNotFoundError,
  StepNameError,
  StepResultError,
  StepsNotSupportedError,
  StoreError,
  TaskNotFoundError,
  TaskStateError,
  UnknownQueueError,
  UnknownTaskNameError,
  WorkflowNotFoundError,
  WorkflowsNotSupportedError,
  WorkflowStateError,
} from '../../contract/index.js';
import { InvalidRequestError } from '../../checks/index.js';
import { ProblemError } from './problem.js';

/** The problem that a caller is told for an error. A fault of ours says no more than that it was one. */
export function toProblemError(error: unknown): ProblemError {
  return error instanceof ProblemError ? error : (libraryProblem(error) ?? frameworkProblem(error) ?? internal());
}

function libraryProblem(error: unknown): ProblemError | undefined {
  if (error instanceof TaskNotFoundError || error instanceof ScheduleNotFoundError) {
    return new ProblemError(404, error.code, error.message);
  }
  if (error instanceof TaskStateError) {
    return new ProblemError(409, error.code, error.message, { state: error.state, allowed: error.allowed });
  }
  if (error instanceof ForeignQueueError) return new ProblemError(409, error.code, error.message);
  if (error instanceof UnknownQueueError) return invalid(error, 'queue');
  if (error instanceof UnknownTaskNameError) return invalid(error, 'name');
  if (error instanceof InvalidArgumentError) return invalid(error, error.field);
  if (error instanceof InvalidParamsError) {
    const errors = error.problems.map(({ path, message }) => ({ field: underParams(path), message }));
    return new ProblemError(422, error.code, error.message, { errors });
  }
  if (error instanceof ParamsTooLargeError) {
    const errors = [{ field: 'params', message: error.message }];
    return new ProblemError(413, error.code, error.message, { errors, limit: error.limit });
  }
  if (error instanceof InvalidRequestError) {
    return new ProblemError(422, 'invalid_request', error.message, { errors: error.fields });
  }
  if (error instanceof StepNameError) return invalid(error, 'name');
  if (error instanceof StepResultError) return invalid(error, 'payload');
  if (error instanceof StepsNotSupportedError) return new ProblemError(409, error.code, error.message);
  if (error instanceof WorkflowNotFoundError) return new ProblemError(404, error.code, error.message);
  if (error instanceof WorkflowStateError || error instanceof WorkflowsNotSupportedError) {
    return new ProblemError(409, error.code, error.message);
  }
  if (error instanceof StoreError) return new ProblemError(503, error.code, error.message);
  return undefined;
}

function invalid(error: Error & { code: string }, field: string): ProblemError {
  return new ProblemError(422, error.code, error.message, { errors: [{ field, message: error.message }] });
}

function underParams(path: string): string {
  if (path === '') return 'params';
  return path.startsWith('[') ? `params${path}` : `params.${path}`;
}

/** Errors of guards (Nest's exceptions) and of what stands before them (`http-errors`, Fastify). */
function frameworkProblem(error: unknown): ProblemError | undefined {
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  if (status === undefined || !(error instanceof Error)) return undefined;
  if (status < 400 || status > 599) return undefined;
  const detail = status < 500 ? error.message : 'The request could not be answered.';
  return new ProblemError(status, status < 500 ? 'refused' : 'unavailable', detail);
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown };
  const found = statusCode ?? status;
  return typeof found === 'number' && Number.isInteger(found) && found < 500 ? found : undefined;
}

function internal(): ProblemError {
  return new ProblemError(500, 'internal_error', 'The request could not be answered; the log of the app says why.');
}

/** The queue of a path that is none is a page that is none, not a wrong field. */
export async function queueOfPath<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof UnknownQueueError) throw new ProblemError(404, error.code, error.message);
    throw error;
  }
}
