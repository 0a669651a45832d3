import type { Task, TaskAttempt, TaskSteps, TaskSummary } from '../../lib/contract/index.js';
import { columns, printable, shownJson, shownTime } from './printable.js';
import { stepLines } from './show-steps.js';

/** One task for a person. */
export function taskLines(task: Task, steps: TaskSteps | null): string[] {
  const attempts =
    task.maxAttempts === null ? `attempt ${task.attempt}` : `attempt ${task.attempt} of ${task.maxAttempts}`;
  return [
    `${printable(task.id)}: ${printable(task.name)} of queue ${printable(task.queue)}, ${task.state}, ${attempts}`,
    ...columns(facts(task)).map((line) => `  ${line}`),
    ...section('Attempts', columns(task.attempts.map(attemptRow))),
    ...section('Steps', steps ? stepLines(steps) : []),
    ...section(
      'Children',
      columns(task.children.map(({ id, name, state }) => [printable(id), printable(name), state])),
    ),
  ];
}

/** One task of a list. */
export function summaryRow(task: TaskSummary): string[] {
  return [
    printable(task.id),
    task.state,
    printable(task.queue),
    printable(task.name),
    shownTime(task.createdAt),
    tagsOf(task),
  ];
}

function facts(task: Task): string[][] {
  const { waitingFor, error } = task;
  const rows: Array<[string, string | null]> = [
    ['enqueued', shownTime(task.createdAt)],
    ['due', task.finishedAt === null ? shownTime(task.runAt) : null],
    ['ended', task.finishedAt === null ? null : shownTime(task.finishedAt)],
    ['waits for', waitingFor ? waitsOf(waitingFor) : null],
    ['tags', tagsOf(task) || null],
    ['parent', task.parentId === null ? null : printable(task.parentId)],
    ['params', shownJson(task.params)],
    ['result', 'result' in task ? shownJson(task.result) : null],
    ['error', error ? printable(`${error.name}: ${error.message}`) : null],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null);
}

function waitsOf({ waits, total, until }: NonNullable<TaskSummary['waitingFor']>): string {
  const names = waits.map(({ kind, name }) => `${kind} ${printable(name)}`).join(', ');
  const more = total > waits.length ? ` and ${total - waits.length} more` : '';
  return `${names}${more}${until === undefined ? '' : `, until ${shownTime(until)}`}`;
}

function tagsOf({ tags = {} }: Pick<TaskSummary, 'tags'>): string {
  return printable(
    Object.entries(tags)
      .map(([name, value]) => `${name}:${value}`)
      .join(' '),
  );
}

function attemptRow({ attempt, outcome, startedAt, finishedAt, error }: TaskAttempt): string[] {
  const why = error ? printable(`${error.name}: ${error.message}`) : '';
  return [String(attempt), outcome ?? 'running', shownTime(startedAt), shownTime(finishedAt), why];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => (line === '' ? '' : `  ${line}`))];
}
