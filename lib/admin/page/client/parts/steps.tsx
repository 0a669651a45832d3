import type { JSX } from 'preact';
import { ACTION_STATES } from '../../../../contract/index.js';
import { api } from '../api.js';
import type { Task, TaskStep } from '../api-types.js';
import { act } from '../core/act.js';
import { mayChange } from '../core/engine.js';
import { taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count, duration } from '../format.js';
import { Action, Loaded, Notice, Panel } from '../ui/bits.js';
import { ask } from '../ui/dialog.js';
import { preview } from '../ui/json-tree.js';
import { ClockTime } from '../ui/time.js';

const RESULT_LENGTH = 200;

/** What a task has recorded of its durable steps, in its order, and the signals that it has not taken yet. */
export function StepsPart({ task }: { readonly task: Task }): JSX.Element {
  const live = useLive(`steps ${task.id}`, () => api.steps(task.id));
  const mayRetry = mayChange(task.queue) && ACTION_STATES.retry.includes(task.state);
  return (
    <Panel title="Steps">
      <Loaded live={live}>
        {({ steps, total, signals }) => (
          <>
            {total > steps.length && (
              <Notice>{`The latest ${count(steps.length)} of ${count(total)} are listed.`}</Notice>
            )}
            <div class="scroll">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Step</th>
                    <th scope="col">Attempt</th>
                    <th scope="col">Began</th>
                    <th scope="col">Took</th>
                    <th scope="col">Gave</th>
                    {mayRetry && <th scope="col">Act</th>}
                  </tr>
                </thead>
                <tbody>
                  {steps.map((step) => (
                    <tr key={`${step.kind} ${step.name} ${step.number}`}>
                      <td>
                        <code>{step.number > 0 ? `${step.name} (${step.number + 1})` : step.name}</code>{' '}
                        <span class="aside">{step.kind}</span>
                      </td>
                      <td>{step.attempt}</td>
                      <td>
                        <ClockTime at={step.startedAt} />
                      </td>
                      <td>{step.finishedAt === null ? 'waits' : duration(step.finishedAt - step.startedAt)}</td>
                      <td>
                        <Given step={step} />
                      </td>
                      {mayRetry && (
                        <td>
                          <Action label="Retry from here" run={() => retryFrom(task, step.name)} />
                        </td>
                      )}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {signals.length > 0 && (
              <p class="notice">{`Signals that it has not taken: ${signals.map(({ name }) => name).join(', ')}`}</p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Given({ step }: { readonly step: TaskStep }): JSX.Element | null {
  const { wait, isLarge, finishedAt, result } = step;
  if (wait?.task !== undefined) return <a href={taskHref(wait.task)}>its task</a>;
  if (isLarge) return <span class="aside">more than is shown</span>;
  if (finishedAt === null || step.kind === 'sleep') return null;
  const signal = wait ? `${wait.signal ?? 'nothing in time'} ` : '';
  return <code>{`${signal}${preview(result, RESULT_LENGTH)}`}</code>;
}

async function retryFrom(task: Task, step: string): Promise<void> {
  const isSure = await ask({
    title: `Retry ${task.name} from ${step}?`,
    text: (
      <p>
        The first step <code>{step}</code> is forgotten, with all that was recorded after it, and runs again. What was
        recorded before stands.
      </p>
    ),
    confirm: 'Retry from here',
    isHarmless: true,
  });
  if (isSure) await act(() => api.retryFrom(task.id, step), `Available again: ${task.name}`);
}
