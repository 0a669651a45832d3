import type { ComponentChildren, JSX } from 'preact';

export interface Column<T> {
  readonly id: string;
  readonly label: string;
  /** Figures stand under each other, at the right. */
  readonly isNumber?: boolean;
  /** Takes what room the others leave. */
  readonly isWide?: boolean;
  /** Said, and not shown: what stands in the column says it to whoever sees it. */
  readonly isHidden?: boolean;
  /** By which rows are put in order; a column without it does not sort. */
  readonly by?: (item: T) => number | string | null;
  /** Null where there is nothing to be said, so that on a narrow screen no line is lost for it. */
  readonly cell: (item: T) => ComponentChildren;
}

/** A column by its id; `-` before it: the greatest first. */
export type Sort = string;

export interface TableProps<T> {
  /** What a person hears who does not see it. */
  readonly caption: string;
  readonly columns: ReadonlyArray<Column<T>>;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  readonly rowClass?: (item: T) => string;
  readonly whenNone: ComponentChildren;
}

/**
 * Rows of one line each. Where there is no room for columns, rows become labelled lines; the roles are written out because
 * browsers forget them then.
 */
export function Table<T>({
  caption,
  columns,
  items,
  keyOf,
  sort,
  onSort,
  rowClass,
  whenNone,
}: TableProps<T>): JSX.Element {
  if (items.length === 0) return <p class="notice">{whenNone}</p>;
  return (
    <table role="table" aria-label={caption}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <Head key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {items.map((item) => (
          <tr key={keyOf(item)} role="row" data-key={keyOf(item)} class={rowClass?.(item)}>
            {columns.map((column) => {
              const content = column.cell(item);
              const isEmpty = content === null || content === undefined || content === false;
              return (
                <td
                  key={column.id}
                  role="cell"
                  class={`${kindOf(column)}${isEmpty ? ' empty' : ''}`}
                  data-label={column.isHidden ? '' : column.label}
                >
                  <div>{content}</div>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Head<T>({
  column,
  sort,
  onSort,
}: {
  readonly column: Column<T>;
  readonly sort: Sort | undefined;
  readonly onSort: ((sort: Sort) => void) | undefined;
}): JSX.Element {
  const { id, label, by, isHidden } = column;
  const direction = sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : undefined;
  const content = isHidden ? <span class="unseen">{label}</span> : label;
  if (!by || !onSort) {
    return (
      <th scope="col" role="columnheader" class={kindOf(column)}>
        {content}
      </th>
    );
  }
  // What is great is what is looked for first.
  const next = sort === `-${id}` ? id : `-${id}`;
  return (
    <th scope="col" role="columnheader" class={kindOf(column)} aria-sort={direction}>
      <button type="button" class="sorter" onClick={() => onSort(next)}>
        {content}
      </button>
    </th>
  );
}

/** In the order of a column; those that have nothing in it come last. */
export function sorted<T>(
  items: readonly T[],
  columns: ReadonlyArray<Column<T>>,
  sort: Sort | undefined,
): readonly T[] {
  const isDown = sort?.startsWith('-') ?? false;
  const by = columns.find(({ id }) => id === sort?.replace(/^-/, ''))?.by;
  if (!by) return items;
  return items.toSorted((one, other) => {
    const [left, right] = [by(one), by(other)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const order =
      typeof left === 'string' || typeof right === 'string'
        ? collator.compare(String(left), String(right))
        : left - right;
    return isDown ? -order : order;
  });
}

/** Numbers within names count as numbers. */
const collator = new Intl.Collator('en', { numeric: true });

function kindOf<T>({ isNumber, isWide, isHidden, id }: Column<T>): string {
  return `${isNumber ? 'number' : isWide ? 'wide' : isHidden ? 'side' : ''} c-${id}`;
}
