import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildThread, bundleThread, THREAD_FILE } from '../../../scripts/build-thread.mjs';
import { compile } from '../../../scripts/compile.mjs';
import { MariadbServer } from '../servers/mariadb-server.js';
import { PostgresServer } from '../servers/postgres-server.js';
import { RedisServer } from '../servers/redis-server.js';
import { bundle, type BundleOptions } from './bundle.js';
import { COMPILED_FOLDERS, REPOSITORY, type PartName, type Parts } from './parts.js';

interface Made<Name extends PartName> {
  readonly part: Parts[Name];
  remove?(): Promise<void> | void;
}

/** For servers that no spec stops: what a crash would leave of their data is nobody's concern. */
const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
/** A namespace lives for a test: vacuuming hundreds of them costs more than it saves. */
const SHORT_LIVED = { autovacuum: 'off' };
/** For all cases that run side by side, with several pools each. */
const MANY_CLIENTS = { max_connections: '600' };

/** The parts of a run: each is made when the first spec asks for it, and ends with the run. */
export class SharedParts {
  private readonly made = new Map<PartName, Promise<Made<PartName>>>();
  /** Paths of the programs that specs have asked for, by their sources; they lie in the folder of what is compiled. */
  private readonly programs = new Map<string, Promise<string>>();

  private readonly makers: { readonly [Name in PartName]: () => Promise<Made<Name>> } = {
    redis: async () => served(await RedisServer.start()),
    postgres: async () => served(await PostgresServer.start({ ...NOT_DURABLE, ...SHORT_LIVED, ...MANY_CLIENTS })),
    mariadb: async () => served(await MariadbServer.start()),
    compiled: async () => {
      const { out, remove } = await compile(COMPILED_FOLDERS);
      await buildThread(out);
      return { part: { out }, remove };
    },
    thread: async () => {
      // Where Node finds the packages that the files ask for.
      const folder = join(REPOSITORY, 'node_modules/.cache', `nestjs-tasks-thread-${process.pid}`);
      const part = { file: join(folder, THREAD_FILE), conformance: join(folder, 'conformance.cjs') };
      await bundleThread(part.file);
      await bundleThread(part.conformance, join(REPOSITORY, 'test/conformance/thread/main.ts'));
      return { part, remove: () => rm(folder, { recursive: true, force: true }) };
    },
  };

  async get<Name extends PartName>(name: Name): Promise<Parts[Name]> {
    let made = this.made.get(name);
    if (!made) {
      made = this.makers[name]();
      this.made.set(name, made);
    }
    return (await made).part as Parts[Name];
  }

  /** Path of a compiled program in one file. */
  program(source: string, options: BundleOptions): Promise<string> {
    let file = this.programs.get(source);
    if (!file) {
      file = this.get('compiled').then(({ out }) => bundle(out, source, options));
      this.programs.set(source, file);
    }
    return file;
  }

  has(name: string): name is PartName {
    return Object.hasOwn(this.makers, name);
  }

  /** Forgets what was made of the sources, before they are run again. */
  async forgetCompiled(): Promise<void> {
    this.programs.clear();
    await Promise.all((['compiled', 'thread'] as const).map((name) => this.remove(name)));
  }

  async removeAll(): Promise<void> {
    await Promise.all([...this.made.keys()].map((name) => this.remove(name)));
  }

  private async remove(name: PartName): Promise<void> {
    const made = this.made.get(name);
    this.made.delete(name);
    // Where it could not be made, there is nothing to remove: whoever asked for it was told.
    const found = await made?.catch(() => undefined);
    await found?.remove?.();
  }
}

function served(server: { readonly port: number; remove(): Promise<void> }) {
  return { part: { port: server.port }, remove: () => server.remove() };
}
