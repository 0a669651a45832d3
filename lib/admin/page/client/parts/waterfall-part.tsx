import type { JSX } from 'preact';
import type { Task } from '../api-types.js';
import { clockTime, duration } from '../format.js';
import { Panel } from '../ui/bits.js';
import { present } from '../ui/time.js';
import { Stack } from './stack.js';
import { stretchesOf } from './waterfall.js';

/** Less cannot be seen. */
const MIN_SHARE = 0.4;

/** What happened to a task, as bars over its time; attempts that failed say why when they are opened. */
export function WaterfallPart({ task }: { readonly task: Task }): JSX.Element {
  const stretches = stretchesOf(task);
  const lasts = stretches.some(({ to }) => to === null);
  const now = lasts ? present.value : 0;
  const from = task.createdAt;
  const to = Math.max(from + 1, ...stretches.map((stretch) => stretch.to ?? now));
  const share = (at: number): number => ((at - from) / (to - from)) * 100;
  const errors = new Map(task.attempts.map(({ attempt, error }) => [`Attempt ${attempt}`, error]));
  return (
    <Panel title="What happened">
      <ol class="waterfall" aria-label="Attempts">
        {stretches.map(({ what, detail, kind, from: begin, to: end }, index) => {
          const length = (end ?? now) - begin;
          const left = Math.min(share(begin), 100 - MIN_SHARE);
          const width = Math.max(MIN_SHARE, share(end ?? now) - share(begin));
          // That of the last attempt stands above, where the task has failed.
          const isTold = task.state !== 'completed' && index === stretches.length - 1;
          const error = isTold ? undefined : errors.get(what);
          return (
            <li key={index} class={kind}>
              <span class="what">
                {what} <span class="outcome">{detail}</span>
              </span>
              <span class="track" title={`${clockTime(begin)} – ${end === null ? 'now' : clockTime(end)}`}>
                <span class="bar" style={{ left: `${left}%`, width: `${Math.min(width, 100 - left)}%` }} />
              </span>
              <span class="length">{duration(Math.max(0, length))}</span>
              {error && (
                <details>
                  <summary class="error-line">{`${error.name}: ${error.message}`}</summary>
                  {error.stack === undefined ? <p class="error">{error.message}</p> : <Stack stack={error.stack} />}
                </details>
              )}
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
