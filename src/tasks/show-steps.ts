import type { TaskStep, TaskSteps, WaitingSignal } from '../../lib/contract/index.js';
import { columns, printable, shownJson, shownTime } from './printable.js';

/** What a task has recorded of its steps, and what was sent to it, in lines. */
export function stepLines({ steps, total, signals }: TaskSteps): string[] {
  const earlier = total - steps.length;
  return [
    ...(earlier > 0 ? [`(${earlier} earlier steps are not shown)`] : []),
    ...columns(steps.map(stepRow)),
    ...(signals.length > 0 ? ['', 'Signals that were sent and not taken:', ...columns(signals.map(signalRow))] : []),
  ];
}

function stepRow(step: TaskStep): string[] {
  const { kind, name, number, attempt, finishedAt } = step;
  const counted = number > 0 ? `${name} (${number + 1})` : name;
  return [kind, printable(counted), `attempt ${attempt}`, shownTime(finishedAt), given(step)];
}

function given({ finishedAt, wait, isLarge, result }: TaskStep): string {
  if (finishedAt === null) return `waits${wait?.until === undefined ? '' : ` until ${shownTime(wait.until)}`}`;
  if (isLarge) return '(large)';
  const by = wait?.signal ?? wait?.task;
  return `${by === undefined ? '' : `by ${printable(by)}: `}${shownJson(result)}`;
}

function signalRow({ name, sentAt, payload }: WaitingSignal): string[] {
  return [printable(name), shownTime(sentAt), shownJson(payload)];
}
