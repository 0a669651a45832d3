/** Where the hash of the address leads. */
export interface PageAddress {
  /** Without its query, with a slash before it: `/tasks/0199…`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** @param params what stands in the path for the names of its pattern */
export type Show<T> = (query: URLSearchParams, params: Readonly<Record<string, string>>) => T;

/** Finds what is shown for the address. The hash holds the whole view, so it is the same wherever the page is mounted. */
export class Router<T> {
  private readonly routes: ReadonlyArray<(place: PageAddress) => T | null>;

  /**
   * @param routes by their pattern, such as `/tasks/:id`
   * @param otherwise shown where no pattern matches
   */
  constructor(
    routes: Readonly<Record<string, Show<T>>>,
    private readonly otherwise: Show<T>,
  ) {
    this.routes = Object.entries(routes).map(([pattern, show]) => {
      return ({ path, query }) => {
        const found = paramsIn(pattern, path);
        return found === null ? null : show(query, found);
      };
    });
  }

  show(place: PageAddress): T {
    for (const route of this.routes) {
      const shown = route(place);
      if (shown !== null) return shown;
    }
    return this.otherwise(place.query, {});
  }
}

/** What stands in a path for the names of its pattern; null where it does not match. */
function paramsIn(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern, path.replace(/\/$/, '')].map((text) => text.split('/')) as [string[], string[]];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const segment = given[index]!;
    if (part.startsWith(':') && segment !== '') params[part.slice(1)] = decoded(segment);
    else if (part !== segment) return null;
  }
  return params;
}

/** @param hash with its `#`, as `location` has it */
export function addressOf(hash: string): PageAddress {
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
