import type { JSX } from 'preact';
import { TASK_STATES } from '../../../../contract/index.js';
import { queues } from '../core/live.js';
import { go } from '../core/place.js';
import { count, shortCount } from '../format.js';
import { isRare } from '../rare-states.js';
import { isCountedByQueues, valuesOf, withValues } from '../task-query.js';
import { Notice } from '../ui/bits.js';

/** The states of a list of tasks: one of them, several, or all, each with how many there are. */
export function States({ link }: { readonly link: URLSearchParams }): JSX.Element {
  const wanted = valuesOf(link, 'queue');
  const chosen = valuesOf(link, 'state');
  const counted = (queues.value ?? []).filter(({ queue }) => wanted.length === 0 || wanted.includes(queue));
  const tab = (state: string, states: readonly string[], total: number): JSX.Element => {
    const isChosen = states.length === 0 ? chosen.length === 0 : chosen.includes(state);
    return (
      <a
        class={state}
        href={`#/tasks?${withValues(link, 'state', states).toString()}`}
        aria-current={isChosen ? 'page' : undefined}
      >
        <span>{state}</span>{' '}
        <span class="count" title={count(total)}>
          {shortCount(total)}
        </span>
      </a>
    );
  };
  const totals = TASK_STATES.map((state) => counted.reduce((sum, stats) => sum + stats.counts[state], 0));
  return (
    <div>
      <nav class="states" aria-label="States">
        {tab(
          'all',
          [],
          totals.reduce((sum, total) => sum + total, 0),
        )}
        {TASK_STATES.map(
          (state, index) =>
            (totals[index]! > 0 || !isRare(state) || chosen.includes(state)) && (
              <span key={state}>
                {tab(state, [state], totals[index]!)}
                {chosen.length > 0 && <Toggle link={link} state={state} chosen={chosen} />}
              </span>
            ),
        )}
      </nav>
      {!isCountedByQueues(link) && <Notice>Counts are of all tasks, whatever the filter.</Notice>}
    </div>
  );
}

/** Adds a state to those that are chosen, or takes it from them. */
function Toggle({
  link,
  state,
  chosen,
}: {
  readonly link: URLSearchParams;
  readonly state: string;
  readonly chosen: readonly string[];
}): JSX.Element {
  const isChosen = chosen.includes(state);
  const states = TASK_STATES.filter((one) => (one === state ? !isChosen : chosen.includes(one)));
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`${isChosen ? 'Without' : 'Also'} ${state}`}
      title={`${isChosen ? 'Without' : 'Also'} ${state}`}
      onClick={() => go(`#/tasks?${withValues(link, 'state', states).toString()}`)}
    >
      {isChosen ? '−' : '+'}
    </button>
  );
}
