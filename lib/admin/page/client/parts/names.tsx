import type { JSX } from 'preact';
import type { TaskMetrics } from '../api-types.js';
import { Spark } from '../charts/spark.js';
import { nameHref } from '../core/place.js';
import { count, durationOrNone, percent } from '../format.js';
import { Panel } from '../ui/bits.js';
import { Table, type Column } from '../ui/table.js';

type Series = NonNullable<TaskMetrics['series']>[number];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const most = (values: ReadonlyArray<number | null>): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};

const COLUMNS: ReadonlyArray<Column<Series>> = [
  {
    id: 'name',
    label: 'Task',
    isWide: true,
    cell: ({ key }) =>
      key === '' ? (
        'not counted by name'
      ) : (
        <a class="name" href={nameHref(key)}>
          {key}
        </a>
      ),
  },
  { id: 'done', label: 'Completed', isNumber: true, cell: ({ completed }) => count(sum(completed)) },
  {
    id: 'failed',
    label: 'Failed',
    isNumber: true,
    cell: ({ completed, failed }) => {
      const [good, bad] = [sum(completed), sum(failed)];
      return bad === 0 ? null : `${count(bad)} (${percent(bad / (good + bad))})`;
    },
  },
  {
    id: 'spark',
    label: 'Over time',
    cell: ({ completed, failed }) => (
      <Spark
        series={[
          { kind: 'failed', values: thin(failed) },
          { kind: 'completed', values: thin(completed) },
        ]}
        label={`${count(sum(completed))} completed, ${count(sum(failed))} failed`}
      />
    ),
  },
  { id: 'run', label: 'Slowest p95', isNumber: true, cell: ({ runP95 }) => durationOrNone(most(runP95)) },
];

/** The names of the tasks of a queue, those with most tasks first. */
export function Names({
  series,
  window,
}: {
  readonly series: readonly Series[];
  readonly window: string;
}): JSX.Element {
  return (
    <Panel title="Tasks by name" tools={<span class="aside">{`last ${window}`}</span>}>
      <Table
        caption="Tasks by name"
        columns={COLUMNS}
        items={series.slice(0, 50)}
        keyOf={({ key }) => key}
        whenNone="No task ended in this time."
      />
    </Panel>
  );
}

/** Of many steps, 20. */
function thin(values: readonly number[]): number[] {
  const size = Math.max(1, Math.ceil(values.length / 20));
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    sum(values.slice(index * size, (index + 1) * size)),
  );
}
