import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ActionResult, TaskAction, TaskState, TaskSummary } from '../api-types.js';
import { ACTION_STATES } from '../../../../contract/index.js';
import { api } from '../api.js';
import { act, say } from '../core/act.js';
import { queues } from '../core/live.js';
import { fromHere, taskHref } from '../core/place.js';
import { count, countOf } from '../format.js';
import type { Selection } from '../selection.js';
import { countMatching, filterOf, valuesOf } from '../task-query.js';
import { Action, Copy } from '../ui/bits.js';
import { ask } from '../ui/dialog.js';
import { preview } from '../ui/json-tree.js';
import { filterText } from './filter-chips.js';
import { ACTION_LABELS } from './task-actions.js';

/** Most refused tasks that are named; the others are counted. */
const MAX_SHOWN_REFUSED = 50;
/** So many chosen tasks are named one by one before something is done to them. */
const MAX_PICKED_NAMED = 5;
const PREVIEW = 80;

interface Props {
  readonly selection: Selection;
  /** Of the list, whose filter "all that match" means. */
  readonly link: URLSearchParams;
  /** The tasks that can be chosen on the page. */
  readonly shown: readonly TaskSummary[];
  readonly onSelection: () => void;
}

/**
 * The actions on all chosen tasks at once, and their result. It stands below the list, so that no row moves away from
 * under the pointer that chose it.
 */
export function BulkBar({ selection, link, shown, onSelection }: Props): JSX.Element {
  const [refused, setRefused] = useState<{ action: TaskAction; result: ActionResult } | null>(null);
  const { chosen, isAllMatching, isEmpty } = selection;
  const picked = shown.filter(({ id }) => chosen.includes(id));
  // Its cancellation can be taken back.
  const isWaiting = (id: string): boolean => picked.some((task) => task.id === id && task.state === 'available');
  const states = valuesOf(link, 'state') as TaskState[];
  const actions = (Object.keys(ACTION_LABELS) as TaskAction[]).filter(
    (action) => states.length === 0 || states.some((state) => ACTION_STATES[action].includes(state)),
  );
  const change = (how: () => void): void => {
    how();
    onSelection();
  };
  const run = async (action: TaskAction): Promise<void> => {
    const label = ACTION_LABELS[action];
    const isHere = fromHere();
    let number = count(chosen.length);
    try {
      if (isAllMatching) number = await countMatching(action, link, queues.value ?? (await api.queues()));
    } catch (error) {
      say((error as Error).message, true);
      return;
    }
    // Counting may take longer than somebody stays.
    if (!isHere()) return;
    const isSure = await ask({
      title: `${label}: ${number} ${number === '1' ? 'task' : 'tasks'}?`,
      text: (
        <>
          {isAllMatching ? (
            <p>
              {'All that match when it is done, shown here or not: '}
              <strong>{filterText(link)}</strong>
            </p>
          ) : (
            <Picked tasks={picked} others={chosen.length - picked.length} />
          )}
          <p>{`Those whose state does not allow it stay as they are${isAllMatching ? '' : ', and are named'}.`}</p>
        </>
      ),
      confirm: `${label} ${number}`,
      isHarmless: action !== 'delete' && action !== 'cancel',
    });
    if (!isSure) return;
    await act(
      async () => {
        const result = await api.bulk(action, isAllMatching ? { filter: filterOf(link) } : { ids: chosen });
        change(() => selection.release(isAllMatching ? null : chosen));
        setRefused(result.refused.length > 0 ? { action, result } : null);
        return result;
      },
      ({ changed, refused: left }) => `${label}: ${count(changed)} changed, ${count(left.length)} refused`,
      {
        undo:
          action === 'cancel' && !isAllMatching && chosen.every(isWaiting)
            ? (result) => revive(chosen, result)
            : undefined,
      },
    );
  };
  return (
    <div class="bulk-place">
      {!isEmpty && (
        <div class="bulk" role="toolbar" aria-label="Chosen tasks">
          <span role="status">{isAllMatching ? 'All that match are chosen' : `${count(chosen.length)} chosen`}</span>
          {!isAllMatching && chosen.length < shown.length && (
            <button
              type="button"
              onClick={() =>
                change(() =>
                  selection.setAll(
                    shown.map(({ id }) => id),
                    true,
                  ),
                )
              }
            >
              {`Select the ${count(shown.length)} shown`}
            </button>
          )}
          {/* The API has no action on every task there is, whatever its state. */}
          {!isAllMatching && Object.keys(filterOf(link)).length > 0 && (
            <button type="button" onClick={() => change(() => selection.chooseAllMatching())}>
              Select all that match
            </button>
          )}
          {actions.map((action) => (
            <Action
              key={action}
              label={`${ACTION_LABELS[action]} selected`}
              kind={action === 'delete' ? 'danger' : ''}
              run={() => run(action)}
            />
          ))}
          {picked.length > 0 && <Copy label="Copy" text={() => linesOf(isAllMatching ? shown : picked)} />}
          <button type="button" class="quiet" onClick={() => change(() => selection.clear())}>
            Select none
          </button>
        </div>
      )}
      {refused && <Refused {...refused} close={() => setRefused(null)} />}
    </div>
  );
}

/** A task a line, as JSON: for whoever has to be told whose they are. */
function linesOf(tasks: readonly TaskSummary[]): string {
  return tasks
    .map(({ id, name, queue, state, params, error }) =>
      JSON.stringify({ id, name, queue, state, params, ...(error && { error: `${error.name}: ${error.message}` }) }),
    )
    .join('\n');
}

/** What an action is about: each task where they are few, else how many there are by name. */
function Picked({ tasks, others }: { readonly tasks: readonly TaskSummary[]; readonly others: number }): JSX.Element {
  const names = [...new Set(tasks.map(({ name }) => name))].map((name) => ({
    name,
    number: tasks.filter((task) => task.name === name).length,
  }));
  const rest = others > 0 ? [`${countOf(others, 'other')} not shown here`] : [];
  if (tasks.length > MAX_PICKED_NAMED)
    return <p>{[...names.map(({ name, number }) => `${count(number)} ${name}`), ...rest].join(', ')}</p>;
  return (
    <ul class="rows">
      {tasks.map(({ id, name, params }) => (
        <li key={id} title={id}>
          <strong>{name}</strong> <code>{preview(params, PREVIEW) || id}</code>
        </li>
      ))}
      {rest.map((text) => (
        <li key="rest">{text}</li>
      ))}
    </ul>
  );
}

/** Has those run after all that were cancelled. */
function revive(ids: readonly string[], { refused }: ActionResult): Promise<unknown> {
  const left = new Set(refused.map(({ id }) => id));
  return api.bulk('retry', { ids: ids.filter((id) => !left.has(id)) });
}

function Refused({
  action,
  result: { refused },
  close,
}: {
  readonly action: TaskAction;
  readonly result: ActionResult;
  readonly close: () => void;
}): JSX.Element {
  const rest = refused.length - MAX_SHOWN_REFUSED;
  return (
    <div class="report">
      <div class="panel-head">
        <h2>Not changed</h2>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
      <p>{`${ACTION_LABELS[action]} is for tasks that are ${ACTION_STATES[action].join(', ')}.`}</p>
      <ul>
        {refused.slice(0, MAX_SHOWN_REFUSED).map(({ id, state }) => (
          <li key={id}>
            <a href={taskHref(id)}>{id}</a>
            {` is ${state ?? 'not there any more'}`}
          </li>
        ))}
      </ul>
      {rest > 0 && <p>{`and ${countOf(rest, 'other')}`}</p>}
    </div>
  );
}
