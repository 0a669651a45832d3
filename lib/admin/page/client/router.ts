import { match } from 'path-to-regexp';

/** Where the hash of the address leads. */
export interface Place {
  /** Without its query, with a slash before it: `/tasks/0199…`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** @param params what stands in the path for the names of its pattern */
export type Show<T> = (query: URLSearchParams, params: Readonly<Record<string, string>>) => T;

/** Finds what is shown for the address. The hash holds the whole view, so it is the same wherever the page is mounted. */
export class Router<T> {
  private readonly routes: ReadonlyArray<(place: Place) => T | null>;

  /**
   * @param routes by their pattern, such as `/tasks/:id`
   * @param otherwise shown where no pattern matches
   */
  constructor(
    routes: Readonly<Record<string, Show<T>>>,
    private readonly otherwise: Show<T>,
  ) {
    this.routes = Object.entries(routes).map(([pattern, show]) => {
      const matches = match<Record<string, string>>(pattern, { decode: decoded });
      return ({ path, query }) => {
        const found = matches(path);
        return found === false ? null : show(query, found.params);
      };
    });
  }

  show(place: Place): T {
    for (const route of this.routes) {
      const shown = route(place);
      if (shown !== null) return shown;
    }
    return this.otherwise(place.query, {});
  }
}

/** @param hash with its `#`, as `location` has it */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { path: `/${path}`, query: new URLSearchParams(query) };
}

/** A link that was cut short while it was copied is still one to a task, which then is not there. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
