import type { CronOverrides } from '../../config/index.js';
import { listOf, nearest, TasksConfigError } from '../../contract/index.js';
import { expressionText, findTimingProblem } from '../../cron/index.js';
import type { CronDeclaration } from './cron-metadata.accessor.js';

/**
 * A declaration as the option `crons` has it.
 *
 * @param location class and method: the name of a schedule that has none
 * @param now UTC milliseconds, from where on it has to tick
 * @throws TasksConfigError for an expression or zone that is none
 */
export function overriddenCron(
  declaration: CronDeclaration,
  location: string,
  overrides: CronOverrides,
  now: number,
): CronDeclaration {
  const name = declaration.options.name ?? location;
  const override = overrides.get(name);
  if (!override) return declaration;
  const { expression = expressionText(declaration.expression), timeZone, disabled } = override;
  const options: CronDeclaration['options'] = {
    ...declaration.options,
    // A zone takes the place of an offset.
    ...(timeZone !== undefined && { timeZone, utcOffset: undefined }),
    ...(disabled !== undefined && { disabled }),
  };
  const problem = findTimingProblem({ ...options, expression }, now);
  if (problem) {
    throw new TasksConfigError(`The option "crons", "${name}", over @Cron on ${location}: ${problem.message}.`);
  }
  return { ...declaration, expression, options };
}

/**
 * Whether each name in the option `crons` is that of a schedule. In a process that declares none they are taken for
 * another's, with which it has the file in common.
 *
 * @throws TasksConfigError that names what was probably meant
 */
export function checkOverrides(overrides: CronOverrides, declared: readonly string[]): void {
  if (declared.length === 0) return;
  const problems = [...overrides.keys()]
    .filter((name) => !declared.includes(name))
    .map((name) => {
      const near = nearest(name, declared);
      return (
        `The option "crons" has "${name}", and no @Cron of this process is called so.` +
        `${near ? ` Did you mean "${near}"?` : ''} Schedules: ${listOf(declared)}.`
      );
    });
  if (problems.length > 0) throw new TasksConfigError(problems.join('\n'));
}
