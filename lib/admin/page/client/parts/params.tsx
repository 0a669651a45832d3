import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Task } from '../api-types.js';
import { exact } from '../format.js';
import { Copy, Notice, Segments } from '../ui/bits.js';
import { JsonTree } from '../ui/json-tree.js';

const TABS = [
  ['params', 'Params'],
  ['options', 'Options'],
] as const;

/** What the task was given. */
export function ParamsPart({ task }: { readonly task: Task }): JSX.Element {
  const [tab, setTab] = useState<'params' | 'options'>('params');
  return (
    <section class="panel" aria-label={tab === 'params' ? 'Params' : 'Options'}>
      <div class="panel-head">
        <h2>{tab === 'params' ? 'Params' : 'Options'}</h2>
        <Segments label="Of the task" options={TABS} value={tab} choose={setTab} />
      </div>
      {tab === 'options' ? <Options task={task} /> : <Params task={task} />}
    </section>
  );
}

function Params({ task: { params, paramsUnreadable } }: { readonly task: Task }): JSX.Element {
  if (paramsUnreadable) return <Notice>The stored text is no JSON.</Notice>;
  return (
    <>
      <div class="json">
        <JsonTree value={params} />
      </div>
      <Copy label="Copy as JSON" text={() => JSON.stringify(params, null, 2)} />
    </>
  );
}

function Options({ task }: { readonly task: Task }): JSX.Element {
  const { id, queue, priority, attempt, maxAttempts, runAt, createdAt, startedAt, finishedAt } = task;
  const facts: ReadonlyArray<readonly [string, string]> = [
    ['Id', id],
    ['Queue', queue],
    ['Priority', String(priority)],
    ['Attempt', maxAttempts === null ? String(attempt) : `${attempt} of ${maxAttempts}`],
    ['Enqueued', exact(createdAt)],
    ['Runs at', exact(runAt)],
    ['Started', exact(startedAt)],
    ['Ended', exact(finishedAt)],
  ];
  return (
    <dl class="facts">
      {facts.map(([term, value]) => [<dt key={term}>{term}</dt>, <dd key={`${term} is`}>{value}</dd>])}
    </dl>
  );
}
