import type { ComponentType, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ShownTask as Task } from '../api-types.js';
import { api } from '../api.js';
import { mayChange } from '../core/engine.js';
import { href, nameHref, queueHref, taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { duration, exact } from '../format.js';
import { ChangeTask } from '../parts/change-task.js';
import { FamilyPart } from '../parts/family.js';
import { ErrorPart } from '../parts/error.js';
import { HoldPart } from '../parts/hold.js';
import { hasLifeSpan, LifeSpanPart } from '../parts/life-span.js';
import { LogPart } from '../parts/log.js';
import { ParamsPart } from '../parts/params.js';
import { ResultPart } from '../parts/result.js';
import { runAgain } from '../parts/run-again.js';
import { BlockPart } from '../parts/limits.js';
import { KeyHeld } from '../parts/key-held.js';
import { StepsPart } from '../parts/steps.js';
import { WaitingPart } from '../parts/waiting.js';
import { Tags } from '../parts/tags.js';
import { TaskActions } from '../parts/task-actions.js';
import { WaterfallPart } from '../parts/waterfall-part.js';
import { WorkflowPart } from '../parts/workflow.js';
import { Badge, Copy, Loaded, Notice } from '../ui/bits.js';
import { Ago, ClockTime, Lasting, present } from '../ui/time.js';

/** A part of the page of a task, and the tasks that have something to show in it. */
interface Part {
  readonly shows: (task: Task) => boolean;
  readonly View: ComponentType<{ readonly task: Task }>;
  /** Beside another of its kind, where there is room. */
  readonly isHalf?: boolean;
}

/**
 * The parts in their order: a task is shown by those that its facts call for. What a task can have more, such as tags
 * or steps, is a part more.
 */
const PARTS: readonly Part[] = [
  { shows: ({ progress, state }) => progress !== null && state === 'running', View: ProgressPart },
  { shows: ({ state, error }) => error !== null && state !== 'completed', View: ErrorPart },
  { shows: ({ hold }) => hold !== undefined, View: HoldPart },
  { shows: ({ block }) => block !== undefined, View: ({ task }) => <BlockPart block={task.block!} /> },
  { shows: hasLifeSpan, View: LifeSpanPart },
  { shows: ({ waitingFor }) => waitingFor !== undefined, View: WaitingPart },
  { shows: ({ workflow }) => workflow !== undefined, View: WorkflowPart },
  { shows: () => true, View: WaterfallPart },
  { shows: ({ steps }) => steps === true, View: StepsPart },
  { shows: () => true, View: ParamsPart, isHalf: true },
  { shows: ({ result }) => result !== undefined, View: ResultPart, isHalf: true },
  { shows: ({ logs }) => logs.length > 0, View: LogPart, isHalf: true },
  { shows: ({ parentId, children }) => parentId !== null || children.length > 0, View: FamilyPart },
];

const ENDED = new Set<Task['state']>(['completed', 'failed', 'cancelled']);
const SETTLED_MS = 15_000;

/** One task with everything that is known of it. */
export function TaskView({ id }: { readonly id: string }): JSX.Element {
  const [isEnded, setEnded] = useState(false);
  const [isGone, setGone] = useState(false);
  const live = useLive(
    id,
    async () => {
      const task = await api.task(id).catch((error: unknown) => {
        setGone((error as { status?: number }).status === 404);
        throw error;
      });
      setEnded(ENDED.has(task.state));
      setGone(false);
      return task;
    },
    {
      // What has ended changes by hand alone; another process does not say what it changed.
      every: isEnded ? SETTLED_MS : 1_000,
      skip: ({ taskIds }) => isGone || (isEnded && taskIds.length > 0 && !taskIds.includes(id)),
    },
  );
  if (isGone) {
    return (
      <section>
        <h1>No such task</h1>
        <Notice>
          There is no task <code>{id}</code>, or there is no more: retention deletes ended tasks, and so may people.{' '}
          <a href="#/audit">Audit</a>
        </Notice>
      </section>
    );
  }
  return <section>{<Loaded live={live}>{(task) => <Shown task={task} />}</Loaded>}</section>;
}

function Shown({ task }: { readonly task: Task }): JSX.Element {
  const parts = PARTS.filter(({ shows }) => shows(task));
  const whole = parts.filter(({ isHalf }) => !isHalf);
  const halves = parts.filter(({ isHalf }) => isHalf);
  const last = whole.filter(({ View }) => View === FamilyPart);
  const first = whole.filter(({ View }) => View !== FamilyPart);
  return (
    <>
      <Head task={task} />
      {first.map(({ View }) => (
        <View key={View.name} task={task} />
      ))}
      <div class={halves.length > 1 ? 'halves' : ''}>
        {halves.map(({ View }) => (
          <View key={View.name} task={task} />
        ))}
      </div>
      {last.map(({ View }) => (
        <View key={View.name} task={task} />
      ))}
    </>
  );
}

function Head({ task }: { readonly task: Task }): JSX.Element {
  const { id, name, queue, state } = task;
  return (
    <>
      <div class="page-head">
        <nav class="crumbs" aria-label="Where this is">
          <a href="#/tasks">Tasks</a> › <a href={queueHref(queue)}>{queue}</a> › <a href={nameHref(name)}>{name}</a> ›{' '}
          <code>{id}</code> <Copy label="Copy id" text={() => id} />{' '}
          <Copy label="Copy task" text={() => JSON.stringify(task, null, 2)} />
        </nav>
        <Neighbours task={task} />
      </div>
      <div class="page-head">
        <h1>
          {name} <Badge state={state} />
        </h1>
        <div class="actions">
          <TaskActions task={task} then="#/tasks" />
          <ChangeTask task={task} />
          {mayChange(queue) && !task.paramsUnreadable && (
            <button type="button" onClick={() => runAgain(task)}>
              Run again with …
            </button>
          )}
        </div>
      </div>
      <Facts task={task} />
    </>
  );
}

/** One line of what matters, with clocks in milliseconds. */
function Facts({ task }: { readonly task: Task }): JSX.Element {
  const { attempt, maxAttempts, createdAt, runAt, startedAt, finishedAt, attempts, priority, state } = task;
  const begun = attempts[0]?.startedAt ?? startedAt;
  const ran = attempts.reduce((sum, { startedAt: from, finishedAt: to }) => sum + ((to ?? from) - from), 0);
  const worker = attempts.at(-1)?.worker;
  return (
    <dl class="line">
      <Fact term="attempt">{maxAttempts === null ? attempt : `${attempt} of ${maxAttempts}`}</Fact>
      <Fact term="enqueued">
        <ClockTime at={createdAt} />{' '}
        <span class="aside">
          (<Ago at={createdAt} />)
        </span>
      </Fact>
      {state === 'scheduled' || state === 'retryable' ? (
        <Fact term="due">
          <ClockTime at={runAt} />{' '}
          <span class="aside">
            (<Ago at={runAt} />)
          </span>
        </Fact>
      ) : null}
      {begun !== null && (
        <Fact term="waited">
          {duration(Math.max(0, begun - Math.max(createdAt, attempts.length > 1 ? createdAt : Math.min(runAt, begun))))}
        </Fact>
      )}
      {state === 'running' && startedAt !== null && (
        <Fact term="running for">
          <Lasting since={startedAt} />
        </Fact>
      )}
      {ran > 0 && (
        <Fact term="ran">{`${duration(ran)}${attempts.length > 1 ? ` in ${attempts.length} attempts` : ''}`}</Fact>
      )}
      {finishedAt !== null && <Fact term="whole">{duration(finishedAt - createdAt)}</Fact>}
      {finishedAt !== null && (
        <Fact term="ended">
          <ClockTime at={finishedAt} />{' '}
          <span class="aside">
            (<Ago at={finishedAt} />)
          </span>
        </Fact>
      )}
      {task.tags !== undefined && (
        <Fact term="tags">
          <Tags tags={task.tags} />
        </Fact>
      )}
      {task.key !== undefined && <Fact term="key">{task.key}</Fact>}
      {task.unique !== undefined && (
        <Fact term="unique key">
          <KeyHeld task={task} />
        </Fact>
      )}
      <Fact term="priority">{priority}</Fact>
      {worker !== undefined && (
        <Fact term="by">
          <WorkerName id={worker} />
        </Fact>
      )}
      {task.unhandledSince !== undefined && (
        <Fact term="nobody knows its name since">
          <span title={exact(task.unhandledSince)}>
            <Ago at={task.unhandledSince} />
          </span>
        </Fact>
      )}
    </dl>
  );
}

function Fact({
  term,
  children,
}: {
  readonly term: string;
  readonly children: JSX.Element | JSX.Element[] | string | number | (JSX.Element | string)[];
}): JSX.Element {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A process by its host and number while it is alive, as the overview names it; by its id after. */
function WorkerName({ id }: { readonly id: string }): JSX.Element {
  const { data } = useLive(`worker ${id}`, () => api.workers(), { skip: () => true });
  const alive = data?.find((worker) => worker.id === id);
  return (
    <code class="worker" title={id}>
      {alive ? `${alive.host} · ${alive.pid}` : id}
    </code>
  );
}

/** The tasks of the same name and queue that were enqueued before and after. */
function Neighbours({ task: { id, name, queue, createdAt } }: { readonly task: Task }): JSX.Element {
  const { data } = useLive(
    `neighbours ${id}`,
    async () => {
      const one = async (more: Record<string, string>): Promise<string | null> => {
        const { items } = await api.tasks(new URLSearchParams({ name, queue, limit: '2', ...more }));
        return items.find((found) => found.id !== id)?.id ?? null;
      };
      const [newer, older] = await Promise.all([
        one({ from: String(createdAt), order: 'oldest' }),
        one({ to: String(createdAt + 1) }),
      ]);
      return { newer, older };
    },
    { skip: () => true },
  );
  const go = (to: string | null | undefined, label: string): JSX.Element =>
    to ? (
      <a class="button" href={taskHref(to)}>
        {label}
      </a>
    ) : (
      <span class="button off">{label}</span>
    );
  return (
    <nav class="actions" aria-label={`Other tasks ${name}`}>
      {go(data?.newer, '‹ newer')}
      {go(data?.older, 'older ›')}
      <a class="button" href={href('/tasks', { name, queue })}>
        all
      </a>
    </nav>
  );
}

function ProgressPart({ task: { progress, startedAt } }: { readonly task: Task }): JSX.Element {
  const { percent, message } = progress!;
  const now = present.value;
  const left =
    startedAt !== null && percent > 0 && percent < 100 ? ((now - startedAt) * (100 - percent)) / percent : null;
  return (
    <div class="progress running">
      <progress max={100} value={percent} aria-label="Progress" />
      <span role="status">{`${Math.round(percent)} %${message ? ` ${message}` : ''}`}</span>
      {left !== null && <span class="aside">{`about ${duration(left)} left at this pace`}</span>}
    </div>
  );
}
