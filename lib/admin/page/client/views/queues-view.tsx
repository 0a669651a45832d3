import type { JSX } from 'preact';
import { Limits } from '../parts/limits.js';
import { useProblems } from '../parts/problems.js';
import { QueueTable } from '../parts/queue-table.js';
import { Loaded } from '../ui/bits.js';
import { useMetrics, useQueues } from './overview-view.js';

/** Every queue, as the overview has them. */
export function QueuesView({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const queues = useQueues();
  const hour = useMetrics({ window: '1h', by: 'queue' });
  const problems = useProblems();
  return (
    <section>
      <h1>Queues</h1>
      <div class="panel wide scroll">
        <Loaded live={queues}>
          {(all) => <QueueTable queues={all} metrics={hour.data} problems={problems.data?.items ?? []} query={query} />}
        </Loaded>
      </div>
      <Limits />
    </section>
  );
}
