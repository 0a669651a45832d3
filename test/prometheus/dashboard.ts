import { readFileSync } from 'node:fs';

const FILE = 'docs/dashboards/grafana.json';

/** The dashboard that stands in the docs. */
interface Dashboard {
  readonly panels: ReadonlyArray<{ readonly targets?: ReadonlyArray<{ readonly expr: string }> }>;
  readonly templating: { readonly list: ReadonlyArray<{ readonly query: string }> };
}

function dashboard(): Dashboard {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard;
}

/** What its panels ask, in PromQL with variables of Grafana's. */
export function panelQueries(): string[] {
  return dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

/** What its variables are filled by: `label_values(metric, label)`. */
export function labelQueries(): string[] {
  const queries = dashboard().templating.list.map(({ query }) => query);
  return queries.filter((query) => query.startsWith('label_values'));
}

/** A query as Grafana sends it, with all queues chosen. */
export function asGrafanaSends(query: string): string {
  const sent = query.replaceAll('$queue', '.*').replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h');
  if (sent.includes('$')) throw new Error(`The test does not know what Grafana puts in for a variable of: ${query}`);
  return sent;
}
