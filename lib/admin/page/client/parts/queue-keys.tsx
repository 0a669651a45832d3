import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { MAX_KEY_COUNTED } from '../../../../contract/index.js';
import type { KeyPage } from '../api-types.js';
import { api } from '../api.js';
import { useLive } from '../core/use-live.js';
import { count } from '../format.js';
import { Loaded, Notice, Panel } from '../ui/bits.js';

/** The keys whose tasks share slots: what of them is in use, and how many tasks wait for one. */
export function QueueKeys({ queue }: { readonly queue: string }): JSX.Element {
  const [after, setAfter] = useState<string | undefined>(undefined);
  const page = useLive(`keys:${queue}:${after ?? ''}`, () => api.keys(queue, after), { every: 2_000 });
  return (
    <Panel title="Keys">
      <Loaded live={page}>
        {(data) => (
          <>
            <p class="aside">{limitsOf(data)}</p>
            {data.keys.length === 0 ? <Notice>No task with a key waits or runs.</Notice> : <Keys page={data} />}
            {after !== undefined && (
              <button type="button" onClick={() => setAfter(undefined)}>
                First keys
              </button>
            )}
            {data.next !== null && (
              <button type="button" onClick={() => setAfter(data.next!)}>
                More keys
              </button>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Keys({ page: { keys, flow } }: { readonly page: KeyPage }): JSX.Element {
  const slots = flow.keyConcurrency;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Slots taken</th>
          <th scope="col">Running</th>
          <th scope="col">Held</th>
        </tr>
      </thead>
      <tbody>
        {keys.map(({ key, held, available, running }) => (
          <tr key={key}>
            <th scope="row">{key}</th>
            <td>
              {slots === undefined ? shown(available + running) : `${shown(available + running)} of ${count(slots)}`}
            </td>
            <td>{shown(running)}</td>
            <td>{shown(held)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shown(tasks: number): string {
  return tasks >= MAX_KEY_COUNTED ? `${count(MAX_KEY_COUNTED)} or more` : count(tasks);
}

function limitsOf({ flow: { keyConcurrency, fair, globalConcurrency } }: KeyPage): string {
  const limits = [
    keyConcurrency === undefined ? null : `${count(keyConcurrency)} of each key at once`,
    fair ? 'keys take turns' : null,
    globalConcurrency === undefined ? null : `${count(globalConcurrency)} of the queue at once`,
  ].filter((limit) => limit !== null);
  return limits.length === 0 ? 'Nothing limits them.' : `${limits.join('; ')}, in all processes.`;
}
