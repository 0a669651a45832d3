import type { JSX } from 'preact';
import type { Task } from '../api-types.js';
import { Panel } from '../ui/bits.js';
import { Ago, ClockTime } from '../ui/time.js';

const REASONS: Readonly<Record<NonNullable<Task['reason']>, string>> = {
  expired: 'It had not started in time, so the store cancelled it.',
  condition: 'What it waits for has ended so that it can never run, so the store cancelled it.',
  deadline: 'Its deadline came while it waited, so the store failed it.',
};

export function hasLifeSpan({ startBy, deadlineAt, reason }: Task): boolean {
  return startBy !== undefined || deadlineAt !== undefined || reason !== undefined;
}

/** The times by which a task must have started, and ended, and what came of them. */
export function LifeSpanPart({ task: { startBy, deadlineAt, reason } }: { readonly task: Task }): JSX.Element {
  return (
    <Panel title="Life span">
      <dl class="line">
        {startBy !== undefined && <Time term="must start by" at={startBy} />}
        {deadlineAt !== undefined && <Time term="must end by" at={deadlineAt} />}
      </dl>
      {reason !== undefined && <p>{REASONS[reason]}</p>}
    </Panel>
  );
}

function Time({ term, at }: { readonly term: string; readonly at: number }): JSX.Element {
  return (
    <div>
      <dt>{term}</dt>
      <dd>
        <ClockTime at={at} />{' '}
        <span class="aside">
          (<Ago at={at} />)
        </span>
      </dd>
    </div>
  );
}
