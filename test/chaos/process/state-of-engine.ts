import { SqliteStore } from '../../../lib/engine/sqlite/sqlite-store.js';

type Inner = Record<string, unknown>;

let opened: SqliteStore | null = null;
const { open } = SqliteStore.prototype;
SqliteStore.prototype.open = function (this: SqliteStore): Promise<void> {
  // oxlint-disable-next-line typescript/no-this-alias, unicorn/no-this-assignment -- the store is behind the engine's facets
  opened = this;
  return open.call(this);
};

/** What tells why an embedded engine in this thread does nothing, though there is something to do; of others nothing. */
export function stateOfEngine(): string {
  const parts = inner(opened)['parts'];
  if (!parts) return 'its parts are in another thread, or elsewhere';
  const { writer, connection, workForce } = parts as Record<string, Inner>;
  const atWork = inner(workForce?.['atWork']);
  return JSON.stringify({
    writer: { ...plain(writer), waiting: (writer?.['waiting'] as unknown[] | undefined)?.length },
    connection: { ...plain(connection), reopening: Boolean(connection?.['reopening']) },
    ...Object.fromEntries(['promoter', 'rescuer', 'pruner'].map((name) => [name, duty(inner(atWork[name]))])),
    pool: { fetching: Boolean(inner(atWork['pool'])['fetching']) },
    consumers: ((inner(atWork['pool'])['consumers'] as Inner[] | undefined) ?? []).map(plain),
  });
}

function duty(one: Inner): Inner {
  return { ...plain(one), wakeAt: String(one['wakeAt']), round: Boolean(one['round']), timer: Boolean(one['cancel']) };
}

/** Its numbers, flags and texts. */
function plain(one: Inner | undefined): Inner {
  const kinds = ['number', 'boolean', 'string'];
  return Object.fromEntries(Object.entries(one ?? {}).filter(([, value]) => kinds.includes(typeof value)));
}

function inner(value: unknown): Inner {
  return (value ?? {}) as Inner;
}
