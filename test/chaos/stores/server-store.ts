import { join } from 'node:path';
import Database from 'better-sqlite3';
import { bullmq, type BullmqOptions } from '../../../lib/engine/bullmq/index.js';
import type { TaskDispatcher } from '../../../lib/queueing/index.js';
import { TASK_STATES } from '../../../lib/contract/index.js';
import { PostgresServer } from '../../support/servers/postgres-server.js';
import { RedisServer } from '../../support/servers/redis-server.js';
import { TcpProxy } from '../../support/servers/tcp-proxy.js';
import type { StoredTask } from '../history.js';
import type { ChaosStore } from './chaos-store.js';

const PAGE = 100;
const OUTBOX_EXISTS = `SELECT 1 FROM sqlite_master WHERE name = 'nestjs_tasks_outbox'`;
const OUTBOX_ROWS = 'SELECT count(*) FROM nestjs_tasks_outbox';

/** Tasks on a server, which every process reaches through a proxy; transactions of the app are in a SQLite file. */
export class ServerStore implements ChaosStore {
  readonly movesClocks = false;
  readonly isRemote = true;
  readonly deletesInTime = false;
  /** Never here: where the answer to a claim is lost on the line, the attempt is lost with it, and no task is to blame. */
  readonly maxLostAttempts = 1_000;
  readonly app: ChaosStore['app'];

  private constructor(
    readonly server: RedisServer | PostgresServer,
    readonly proxy: TcpProxy,
    private readonly engine: BullmqOptions,
    folder: string,
  ) {
    this.app = { file: join(folder, 'app.db'), holds: 'outbox' };
  }

  static async redis(folder: string): Promise<ServerStore> {
    // What a kill may take from a Redis that does not is no promise of the library's.
    const server = await RedisServer.start({ appendfsync: 'always' });
    const proxy = await TcpProxy.start(server.port);
    return new ServerStore(server, proxy, { connection: { host: proxy.host, port: proxy.port } }, folder);
  }

  static async postgres(folder: string): Promise<ServerStore> {
    const server = await PostgresServer.start();
    const url = new URL(await server.createDatabase());
    const proxy = await TcpProxy.start(Number(url.port));
    url.port = String(proxy.port);
    return new ServerStore(server, proxy, { postgres: url.href }, folder);
  }

  get options(): ChaosStore['options'] {
    return { engine: bullmq(this.engine) };
  }

  waitingInOutbox(): number {
    const database = new Database(this.app!.file, { readonly: true });
    try {
      const exists = database.prepare(OUTBOX_EXISTS).get();
      return exists ? database.prepare<[], number>(OUTBOX_ROWS).pluck().get()! : 0;
    } finally {
      database.close();
    }
  }

  async readAll(tasks: TaskDispatcher): Promise<StoredTask[]> {
    const ids: string[] = [];
    for (const state of TASK_STATES) {
      let cursor: string | null | undefined;
      while (cursor !== null) {
        const page = await tasks.list({ state, limit: PAGE, ...(cursor !== undefined && { cursor }) });
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      }
    }
    const stored: StoredTask[] = [];
    for (let from = 0; from < ids.length; from += PAGE) {
      stored.push(...(await Promise.all(ids.slice(from, from + PAGE).map((id) => read(tasks, id)))));
    }
    return stored;
  }

  async problems(): Promise<string[]> {
    return [];
  }

  async remove(): Promise<void> {
    await this.proxy.close();
    await this.server.remove();
  }
}

async function read(tasks: TaskDispatcher, taskId: string): Promise<StoredTask> {
  const { id, name, queue, params, priority, state, runAt, attempt, attempts } = await tasks.get(taskId);
  return { id, name, queue, params: JSON.stringify(params), priority, state, runAt, attempt, attempts };
}
