import type { JSX } from 'preact';
import { kept } from '../core/kept.js';
import { go } from '../core/place.js';
import { valuesOf, WITHIN, withValues } from '../task-query.js';
import { Menu } from '../ui/menu.js';

interface Saved {
  readonly title: string;
  readonly query: string;
}
const saved = kept<readonly Saved[]>('saved-filters', []);

/** What narrows the list, each to be taken away. */
export function Chips({ link }: { readonly link: URLSearchParams }): JSX.Element | null {
  const chips = [...link].filter(([field]) => field !== 'state' && field !== 'order');
  if (chips.length === 0) return null;
  const without = (field: string, value: string): void => {
    const rest = valuesOf(link, field).filter((other) => other !== value);
    go(`#/tasks?${withValues(link, field, rest).toString()}`);
  };
  return (
    <p class="chips">
      {chips.map(([field, value]) => (
        <button
          key={`${field} ${value}`}
          type="button"
          class="chip"
          aria-label={`Leave out ${labelOf(field, value)}`}
          onClick={() => without(field, value)}
        >
          {labelOf(field, value)} ×
        </button>
      ))}
    </p>
  );
}

function labelOf(field: string, value: string): string {
  switch (field) {
    case 'error':
      return 'one group of errors';
    case 'from':
    case 'to':
      return `${field} ${localText(value).replace('T', ' ')}`;
    case 'within':
      return WITHIN[value]?.label ?? value;
    case 'name':
      return `task ${value}`;
    case 'tag':
      return value.replace(':', ': ');
    default:
      return `${field} ${value}`;
  }
}

/** What a list is narrowed to, in words. */
export function filterText(link: URLSearchParams): string {
  return [...link]
    .filter(([field]) => field !== 'order')
    .map(([field, value]) => (field === 'state' ? value.replaceAll(',', ' or ') : labelOf(field, value)))
    .join(', ');
}

/** Filters that this browser keeps. */
export function SavedFilters({ link }: { readonly link: URLSearchParams }): JSX.Element {
  const query = link.toString();
  const isSaved = saved.value.some((filter) => filter.query === query);
  const title = filterText(link);
  const remove = (gone: string): void => {
    saved.value = saved.value.filter((filter) => filter.query !== gone);
  };
  return (
    <Menu label="Saved filters" text="Saved">
      {saved.value.map((filter) => (
        <span key={filter.query} class="saved">
          <a class="button" href={`#/tasks?${filter.query}`}>
            {filter.title}
          </a>
          <button
            type="button"
            class="quiet"
            aria-label={`Forget ${filter.title}`}
            data-stays
            onClick={() => remove(filter.query)}
          >
            ×
          </button>
        </span>
      ))}
      {query !== '' && !isSaved && (
        <button
          type="button"
          onClick={() => {
            saved.value = [...saved.value, { title, query }];
          }}
        >
          {`Save: ${title}`}
        </button>
      )}
      {query === '' && saved.value.length === 0 && (
        <p class="notice">Narrow the list; the filter can be saved here then.</p>
      )}
    </Menu>
  );
}

/** A moment of the link as its field has it: in the time zone of whoever looks. */
export function localText(utc: string | null): string {
  if (utc === null || !Number.isSafeInteger(Number(utc))) return '';
  const time = Number(utc);
  const local = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return Number.isNaN(local.getTime()) ? '' : local.toISOString().slice(0, 19);
}
