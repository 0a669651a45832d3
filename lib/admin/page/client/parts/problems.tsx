import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Problem, ProblemReport } from '../api-types.js';
import { api } from '../api.js';
import { href, nameHref } from '../core/place.js';
import { useLive, type Live } from '../core/use-live.js';
import { useStill } from '../core/use-still.js';
import { countOf } from '../format.js';

/** So many are named at once: what is below them is to be seen as well. */
const MAX_NAMED = 10;

/** What a person should look at, as far as it is known. */
export function useProblems(): Live<ProblemReport> {
  return useLive('problems', () => api.problems(), { every: 2_000 });
}

/** Whether it was told, or cannot be: until then there may be a line of it, or many. */
export function isTold({ data, error }: Live<ProblemReport>): boolean {
  return data !== null || error !== null;
}

interface Props {
  readonly live: Live<ProblemReport>;
  /** Only what is of it. */
  readonly queue?: string;
}

/**
 * What a person should look at, the gravest first; or that all is well. While the pointer is over what stands below, that
 * stays where it is: how many there are is said at once, and which when the pointer has left.
 */
export function Problems({ live: { data, error }, queue }: Props): JSX.Element {
  const items = data?.items.filter((problem) => queue === undefined || problem.queue === queue) ?? [];
  const [isWhole, setWhole] = useState(false);
  const named = useStill(isWhole ? items : items.slice(0, MAX_NAMED));
  const worst = data === null ? 'unknown' : (items[0]?.severity ?? 'good');
  return (
    <section class={`problems ${worst}`} aria-label="Problems">
      <strong>
        {data === null
          ? error
            ? 'What needs you is not known: the app does not answer'
            : 'Looking …'
          : items.length === 0
            ? 'Nothing needs you'
            : needs(items.length)}
      </strong>
      {named.length > 0 && (
        <ul>
          {named.map((problem) => (
            <li key={problem.text} class={problem.severity}>
              <a href={hrefOf(problem)}>{problem.text}</a>
            </li>
          ))}
          {!isWhole && items.length > MAX_NAMED && (
            <li>
              <button type="button" onClick={() => setWhole(true)}>{`and ${items.length - MAX_NAMED} more`}</button>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function needs(number: number): string {
  return `${countOf(number, 'thing')} ${number === 1 ? 'needs' : 'need'} you`;
}

function hrefOf({ place }: Problem): string {
  if (place.page === 'name') return nameHref(place.name);
  const { page, ...query } = place;
  return page === 'overview' ? '#/' : href(`/${page}`, query);
}
