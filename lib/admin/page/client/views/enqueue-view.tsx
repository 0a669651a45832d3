import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { HandlerInfo, Queue, TaskSummary } from '../api-types.js';
import { api, ApiError, type NewTaskRequest } from '../api.js';
import { say } from '../core/act.js';
import { isReadOnly } from '../core/engine.js';
import { queues as known } from '../core/live.js';
import { fromHere, go, taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { exact } from '../format.js';
import { draftsOf, FieldError, pathsIn, writtenParams, type Drafts } from '../parts/params-fields.js';
import { ParamsForm } from '../parts/params-form.js';
import { Loaded, Notice, Segments } from '../ui/bits.js';
import { Field } from '../ui/field.js';
import { preview } from '../ui/json-tree.js';

type Mode = 'form' | 'json';
type When = 'now' | 'delay' | 'runAt';
type Problems = Readonly<Record<string, readonly string[]>>;
/** Before the names of fields of the params, so that a field called `queue` is not taken for the queue. */
const PARAM = 'params.';

/** A task enqueued by hand, with a form made from its handler's params where they have a class. */
export function EnqueueView({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const live = useLive(
    'enqueue',
    async () => {
      const [handlers, queues] = await Promise.all([api.handlers(), api.queues()]);
      known.value = queues;
      return { handlers, queues: queues.filter(({ configured, foreign }) => configured && !foreign) };
    },
    // Text that somebody writes here stays.
    { skip: () => true },
  );
  return (
    <section>
      <h1>Enqueue a task</h1>
      {isReadOnly ? (
        <Notice>The panel is read-only.</Notice>
      ) : (
        <Loaded live={live}>
          {({ handlers, queues }) =>
            handlers.length === 0 || queues.length === 0 ? (
              <Notice>This process has no handlers: enqueue where there are some.</Notice>
            ) : (
              <Form handlers={handlers} queues={queues} query={query} />
            )
          }
        </Loaded>
      )}
    </section>
  );
}

interface FormProps {
  readonly handlers: readonly HandlerInfo[];
  readonly queues: readonly Queue[];
  readonly query: URLSearchParams;
}

function Form({ handlers, queues, query }: FormProps): JSX.Element {
  const wanted = query.get('name');
  const [name, setName] = useState(handlers.find((handler) => handler.name === wanted)?.name ?? handlers[0]!.name);
  const handler = handlers.find((one) => one.name === name)!;
  const fields = handler.params?.fields ?? null;
  const queueFor = (one: HandlerInfo): string =>
    queues.find(({ queue }) => queue === (one.queue ?? 'default'))?.queue ?? queues[0]!.queue;
  const asked = query.get('queue');
  const [queue, setQueue] = useState(queues.some((stats) => stats.queue === asked) ? asked! : queueFor(handler));
  const [mode, setMode] = useState<Mode>(fields ? 'form' : 'json');
  const [drafts, setDrafts] = useState<Drafts>({});
  const [json, setJson] = useState('{}');
  const [when, setWhen] = useState<When>('now');
  const [delay, setDelay] = useState('');
  const [runAt, setRunAt] = useState('');
  const [priority, setPriority] = useState('');
  const [problems, setProblems] = useState<Problems>({});
  const [isSending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const shownName = useRef(name);
  shownName.current = name;
  useLayoutEffect(() => {
    if (Object.keys(problems).length > 0) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [problems]);

  const choose = (next: string): void => {
    const other = handlers.find((one) => one.name === next)!;
    setName(next);
    setQueue(queueFor(other));
    setDrafts({});
    setJson('{}');
    setProblems({});
    setMode(other.params ? 'form' : 'json');
  };
  const readForm = (): Record<string, unknown> => writtenParams(fields ?? [], drafts);
  const paths = mode === 'form' ? pathsIn(fields ?? [], drafts) : [];
  const readJson = (): unknown => {
    try {
      return JSON.parse(json);
    } catch (error) {
      throw new FieldError('params', `This is no JSON: ${(error as Error).message}`);
    }
  };
  /** The values go along, as far as they can. */
  const turnTo = (next: Mode): void => {
    if (next === mode || !fields) return;
    try {
      if (next === 'json') setJson(JSON.stringify(readForm(), null, 2));
      else setDrafts(draftsOf(fields, readJson()));
      setProblems({});
      setMode(next);
    } catch (error) {
      show(error);
    }
  };
  const fill = (params: unknown): void => {
    setProblems({});
    try {
      if (mode === 'form') setDrafts(draftsOf(fields ?? [], params));
      else setJson(JSON.stringify(params, null, 2));
    } catch {
      setJson(JSON.stringify(params, null, 2));
      setMode('json');
    }
  };
  const request = (): NewTaskRequest => ({
    queue,
    name,
    params: (mode === 'form' ? readForm() : readJson()) as object,
    ...(when === 'delay' && { delay: delay.trim() }),
    ...(when === 'runAt' && { runAt: momentOf(runAt) }),
    ...(priority.trim() !== '' && { priority: Number(priority) }),
  });
  const show = (error: unknown): void => {
    if (error instanceof FieldError) {
      setProblems({ [paths.includes(error.field) ? PARAM + error.field : error.field]: [error.message] });
    } else if (error instanceof ApiError) setProblems(placed(error, paths));
    else setProblems({ '': [String(error)] });
  };
  const send = async (): Promise<void> => {
    if (isSending) return;
    setProblems({});
    setSending(true);
    const isHere = fromHere();
    /** By the time of the answer somebody may be elsewhere, or write what another task takes. */
    const isShown = (): boolean => isHere() && shownName.current === name;
    try {
      const task = await api.enqueue(request());
      say(`Enqueued: ${task.name}`);
      if (isShown()) go(taskHref(task.id));
    } catch (error) {
      if (isShown()) show(error);
      else say(`${name}: ${error instanceof Error ? error.message : String(error)}`, true);
    }
    setSending(false);
  };
  const paramProblems = Object.fromEntries(
    Object.entries(problems)
      .filter(([field]) => field.startsWith(PARAM))
      .map(([field, said]) => [field.slice(PARAM.length), said]),
  );
  return (
    <div class="panel narrow">
      <form
        ref={form}
        class="enqueue"
        novalidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Field id="task-name" label="Task" problems={problems.name}>
          <select
            id="task-name"
            value={name}
            aria-describedby="task-name-problem"
            aria-invalid={Boolean(problems.name)}
            onChange={(event) => choose(event.currentTarget.value)}
          >
            {handlers.map((one) => (
              <option key={one.name} value={one.name}>
                {one.kind === 'cron' ? `${one.name} (cron)` : one.name}
              </option>
            ))}
          </select>
        </Field>
        <Field id="task-queue" label="Queue" problems={problems.queue}>
          <select
            id="task-queue"
            value={queue}
            aria-describedby="task-queue-problem"
            aria-invalid={Boolean(problems.queue)}
            onChange={(event) => setQueue(event.currentTarget.value)}
          >
            {queues.map((stats) => (
              <option key={stats.queue} value={stats.queue}>
                {stats.queue}
              </option>
            ))}
          </select>
        </Field>
        <fieldset>
          <legend>Params</legend>
          <div class="actions">
            <Segments
              label="Params as"
              options={
                fields
                  ? [
                      ['form', 'Form'],
                      ['json', 'JSON'],
                    ]
                  : [['json', 'JSON']]
              }
              value={mode}
              choose={turnTo}
            />
            <Recent key={name} name={name} fill={fill} />
          </div>
          {mode === 'form' && fields ? (
            <ParamsForm fields={fields} drafts={drafts} problems={paramProblems} write={setDrafts} />
          ) : (
            <textarea
              id="task-json"
              rows={10}
              spellcheck={false}
              aria-label="Params (JSON)"
              aria-invalid={Boolean(problems.params)}
              value={json}
              onInput={(event) => setJson(event.currentTarget.value)}
            />
          )}
          <span class="problem">{problems.params?.join('; ')}</span>
        </fieldset>
        <Field id="task-when" label="Runs" problems={problems.when ?? problems.delay ?? problems.runAt}>
          <select id="task-when" value={when} onChange={(event) => setWhen(event.currentTarget.value as When)}>
            <option value="now">now</option>
            <option value="delay">after a delay</option>
            <option value="runAt">at a time</option>
          </select>
          {when === 'delay' && (
            <input
              placeholder="5m"
              autocomplete="off"
              aria-label="Delay"
              aria-invalid={Boolean(problems.when ?? problems.delay)}
              value={delay}
              onInput={(event) => setDelay(event.currentTarget.value)}
            />
          )}
          {when === 'runAt' && (
            <input
              type="datetime-local"
              step="1"
              aria-label="Run at"
              aria-invalid={Boolean(problems.when ?? problems.runAt)}
              value={runAt}
              onInput={(event) => setRunAt(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field id="task-priority" label="Priority" problems={problems.priority}>
          <input
            id="task-priority"
            inputMode="numeric"
            autocomplete="off"
            aria-invalid={Boolean(problems.priority)}
            value={priority}
            onInput={(event) => setPriority(event.currentTarget.value)}
          />
        </Field>
        <p class="problem" role="alert">
          {problems['']?.join('; ')}
        </p>
        <div class="actions">
          <button class="primary" aria-busy={isSending} aria-disabled={isSending}>
            Enqueue
          </button>
        </div>
      </form>
    </div>
  );
}

/** Params of the last tasks of that name, to begin with. */
function Recent({
  name,
  fill,
}: {
  readonly name: string;
  readonly fill: (params: unknown) => void;
}): JSX.Element | null {
  const [tasks, setTasks] = useState<readonly TaskSummary[]>([]);
  useEffect(() => {
    api.tasks(new URLSearchParams({ name, limit: '10' })).then(
      ({ items }) => setTasks(items.filter((task) => !task.paramsUnreadable)),
      () => undefined,
    );
  }, []);
  if (tasks.length === 0) return null;
  return (
    <select
      aria-label="Params of a recent task"
      value=""
      onChange={(event) => {
        const task = tasks.find(({ id }) => id === event.currentTarget.value);
        if (task) fill(task.params);
      }}
    >
      <option value="">like a recent task …</option>
      {tasks.map(({ id, params, createdAt }) => (
        <option key={id} value={id}>{`${exact(createdAt)}: ${preview(params, 60)}`}</option>
      ))}
    </select>
  );
}

/** @throws FieldError `when` for what is no time */
function momentOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new FieldError('when', 'must be a date with its time');
  return time;
}

/** What the app says is wrong, at the field that it is of. @param paths that the form shows */
function placed(error: ApiError, paths: readonly string[]): Problems {
  if (error.fields.length === 0) return { '': [error.message] };
  const found: Record<string, string[]> = {};
  const add = (field: string, message: string): void => {
    (found[field] ??= []).push(message);
  };
  for (const { field, message } of error.fields) {
    const path = field.startsWith(PARAM) ? field.slice(PARAM.length) : null;
    const place =
      path === null
        ? undefined
        : paths.findLast((one) => path === one || (path.startsWith(one) && /^[.[]/.test(path.slice(one.length))));
    if (path !== null && place !== undefined)
      add(PARAM + place, within(path.slice(place.length).replace(/^\./, ''), message));
    else if (path !== null) add('params', `${path}: ${message}`);
    else if (['name', 'queue', 'params', 'delay', 'runAt', 'priority'].includes(field)) add(field, message);
    else add('', `${field}: ${message}`);
  }
  return found;
}

/** A message begins with the last name of its path. */
function within(rest: string, message: string): string {
  if (rest === '') return message;
  const last = rest.split('.').at(-1)!;
  return message.startsWith(`${last} `) ? `${rest}${message.slice(last.length)}` : `${rest}: ${message}`;
}
