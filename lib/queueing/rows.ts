import {
  type FieldProblem,
  InvalidArgumentError,
  InvalidParamsError,
  listOf,
  ParamsTooLargeError,
} from '../contract/index.js';
import { classOf } from '../params/index.js';
import type { QueueTaskWhenOptions, TaskRow, TaskToQueue } from './task-dispatcher.types.js';

/** How `queueMany` may be called: the name may be left out where each row tells it. */
export type ManyArguments =
  | [name: string, rows: readonly object[], options?: QueueTaskWhenOptions]
  | [rows: readonly object[], options?: QueueTaskWhenOptions];

const ROW_KEYS = ['name', 'params', 'options'] as const satisfies ReadonlyArray<keyof TaskToQueue>;
/** Wrong rows beyond these are not listed. */
const MAX_PROBLEMS = 100;

export function rowsOf(args: ManyArguments): { rows: TaskRow[]; options: QueueTaskWhenOptions } {
  const [name, given, options = {}] =
    typeof args[0] === 'string'
      ? (args as [string, readonly object[], QueueTaskWhenOptions?])
      : [null, args[0], args[1] as QueueTaskWhenOptions | undefined];
  if (!Array.isArray(given)) {
    throw new InvalidArgumentError('rows', 'queueMany takes an array with the params of each task.');
  }
  const rows: TaskRow[] = name === null ? given.map(describedRow) : given.map((params: object) => ({ name, params }));
  return { rows, options };
}

/**
 * A row of a call that names no task: an instance of a params class, or a plain object that says what goes where. Params
 * that are a plain object could not be told apart from it, and need a name anyway.
 */
function describedRow(row: object, index: number): TaskRow {
  if (typeof row !== 'object' || row === null || classOf(row) !== null || !('params' in row)) {
    return { name: null, params: row };
  }
  const { name = null, params, options } = row as { [Key in keyof TaskToQueue]?: TaskToQueue[Key] };
  const unknown = Object.keys(row).find((key) => !ROW_KEYS.some((known) => known === key));
  if (unknown !== undefined) {
    throw wrongRow(index, unknown, `A row has no "${unknown}", only ${listOf(ROW_KEYS)}.`);
  }
  if (options === undefined) return { name, params: params! };
  for (const field of ['manager', 'with']) {
    if (typeof options !== 'object' || options === null || !Object.hasOwn(options, field)) continue;
    throw wrongRow(index, field, `All rows are stored together: give "${field}" beside them, not in one of them.`);
  }
  return { name, params: params!, options };
}

/** Gathers what is wrong with the params of many rows, each problem with the row's index before its path: `[3].to`. */
export class RowProblems {
  private readonly problems: FieldProblem[] = [];
  private first: InvalidParamsError | ParamsTooLargeError | null = null;

  /** Notes an error about a row's params; throws every other. @returns whether more rows are worth a look */
  note(error: unknown, index: number): boolean {
    const found = problemsOf(error, index);
    if (!found) throw error instanceof InvalidArgumentError ? wrongRow(index, error.field, error.message) : error;
    this.first ??= error as InvalidParamsError | ParamsTooLargeError;
    this.problems.push(...found);
    return this.problems.length < MAX_PROBLEMS;
  }

  /** @throws InvalidParamsError where something was noted, with what the first wrong row's has as its cause */
  raise(): void {
    if (this.first === null) return;
    const error = new InvalidParamsError(this.first.taskName, this.problems);
    if (this.first.cause !== undefined) error.cause = this.first.cause;
    throw error;
  }
}

function problemsOf(error: unknown, index: number): FieldProblem[] | null {
  if (error instanceof InvalidParamsError) {
    return error.problems.map(({ path, message }) => ({
      path: `[${index}]${path === '' || path.startsWith('[') ? path : `.${path}`}`,
      message,
    }));
  }
  if (error instanceof ParamsTooLargeError) {
    return [{ path: `[${index}]`, message: `takes ${error.bytes} bytes as JSON; the limit is ${error.limit}` }];
  }
  return null;
}

function wrongRow(index: number, field: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError(`[${index}].${field}`, `Row ${index}: ${message}`);
}
