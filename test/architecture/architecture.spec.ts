import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { circles, exportsOf, graphOf, pageSources, roomOf, sources } from '../../scripts/house/sources.mjs';

const floors = JSON.parse(readFileSync('scripts/house/floors.json', 'utf8')) as Array<{
  floor: string;
  rooms: Record<string, string>;
}>;
const heights = new Map(floors.flatMap(({ rooms }, height) => Object.keys(rooms).map((room) => [room, height])));
const rooms = [...heights.keys()];
const all = sources();
const library = all.filter(({ path }) => path.startsWith('lib/'));
const paths = new Set(all.map(({ path }) => path));
const inRoom = (path: string) => roomOf(path, rooms);

/** Words of stores: whoever uses one knows which store there is. */
const STORES =
  /bullmq|redis|sqlite|postgres|mysql|mariadb|\bSELECT\b|\bINSERT INTO\b|\bDELETE FROM\b|\bUPDATE \w+ SET\b/gi;
/** The engines, the outbox for the tables of the app's own database, and what the package exports by name. */
const KNOWS_STORES = /^lib\/(?:engine|outbox)\/|^lib\/index\.ts$/;
/**
 * By the embedded engine's door, the types of a driver would come along: an app need not have them. And an app merges its
 * task names into an interface only where the package exports its file as a whole.
 */
const SIDE_DOORS = new Set([
  'lib/index.ts -> lib/engine/sqlite/backup/backup-tasks.ts',
  'lib/index.ts -> lib/engine/sqlite/store/entities/index.ts',
  'lib/index.ts -> lib/contract/task-params.ts',
]);

/** What other code calls a limit, which here begins with MAX or MIN. */
const OTHER_LIMITS = /\bconst (?:MOST|LONGEST|LARGEST|HIGHEST|LEAST|SHORTEST|SMALLEST|LOWEST|FEWEST)(?:_\w+)?\b/g;

/** Time and timers that fake timers of an app's tests replace. */
const GLOBAL_TIME =
  /\b(?:Date\.now|performance\.\w+|process\.(?:hrtime|nextTick)|AbortSignal\.timeout)\b|\bnew Date\(\)/g;
const TIMER_MODULES = /'node:(?:timers|timers\/promises|perf_hooks)'/g;
const GLOBAL_TIMERS = /(?<![\w.])(?:(?:set|clear)(?:Timeout|Interval|Immediate)|queueMicrotask)(?=\()/g;

/** Names that several files export, each with its files: one name means one thing. */
function namesOfSeveral(files: ReadonlyArray<{ readonly path: string; readonly code: string }>): string[] {
  const homes = new Map<string, string[]>();
  for (const file of files) {
    for (const name of exportsOf(file)) homes.set(name, [...(homes.get(name) ?? []), file.path]);
  }
  return [...homes].filter(([, found]) => found.length > 1).map(([name, found]) => `${name}: ${found.join(', ')}`);
}

function globalTimeIn(code: string): string[] {
  // Texts that are run elsewhere, such as in a thread of their own, have other globals.
  const own = code.replaceAll(/`[^`]*`/g, '');
  const [, fromClock = ''] = /import \{([^}]*)\} from '[^']*\/clock\/index\.js'/.exec(own) ?? [];
  const timers = (own.match(GLOBAL_TIMERS) ?? []).filter((name) => !new RegExp(`\\b${name}\\b`).test(fromClock));
  return [...(own.match(GLOBAL_TIME) ?? []), ...(own.match(TIMER_MODULES) ?? []), ...timers];
}

describe('The library', () => {
  it('is read as a whole', () => {
    expect(library.length).toBeGreaterThan(200);
    const imports = all.flatMap((source) => source.imports.map(({ to }) => to));
    expect(imports.length).toBeGreaterThan(800);
    expect(imports.filter((to) => !paths.has(to) && !existsSync(to))).toEqual([]);
  });

  it('has every file in a room of the plan, but for its own door and its version', () => {
    const outside = library.map(({ path }) => path).filter((path) => inRoom(path) === null);
    expect(outside).toEqual(['lib/index.ts', 'lib/version.ts']);
    expect(rooms.filter((room) => !existsSync(`lib/${room}/index.ts`))).toEqual([]);
  });

  it('names SQL, Redis and BullMQ in its engines and its outbox alone', () => {
    const found = library
      .filter(({ path }) => !KNOWS_STORES.test(path))
      .flatMap(({ path, code }) => (code.match(STORES) ?? []).map((word) => `${path}: ${word}`));
    expect(found).toEqual([]);
    // The rule would find them: the engines are full of them.
    expect(library.some(({ path, code }) => KNOWS_STORES.test(path) && code.match(STORES))).toBe(true);
  });

  it('enters its rooms by their doors, for types too', () => {
    const found = library.flatMap(({ path, imports }) =>
      imports
        .filter(({ to }) => inRoom(to) !== null && inRoom(to) !== inRoom(path))
        .filter(({ to }) => to !== `lib/${inRoom(to)}/index.ts`)
        .map(({ to }) => `${path} -> ${to}`)
        .filter((way) => !SIDE_DOORS.has(way)),
    );
    expect(found).toEqual([]);
  });

  it('lets the panel ask operations alone, and never an engine', () => {
    const panel = library.filter(({ path }) => path.startsWith('lib/admin/'));
    expect(panel.filter(({ code }) => /\bTaskEngine\b/.test(code)).map(({ path }) => path)).toEqual([]);
    expect(panel.some(({ code }) => /\bOperations\b/.test(code))).toBe(true);
  });

  it('imports from lower floors alone', () => {
    const found = library.flatMap(({ path, imports }) => {
      const from = inRoom(path);
      if (from === null) return [];
      return imports
        .filter(({ to }) => inRoom(to) !== null && inRoom(to) !== from)
        .filter(({ to }) => heights.get(inRoom(to)!)! >= heights.get(from)!)
        .map(({ to }) => `${path} -> ${to}`);
    });
    expect(found).toEqual([]);
  });

  it('has time and timers from the room of the clock, so that fake timers do not stop it', () => {
    const found = library
      .filter(({ path }) => inRoom(path) !== 'clock')
      .flatMap(({ path, code }) => globalTimeIn(code).map((name) => `${path}: ${name}`));
    expect(found).toEqual([]);
    expect(globalTimeIn("import { setTimeout } from '../clock/index.js';\nsetTimeout(run); setInterval(run)")).toEqual([
      'setInterval',
    ]);
    expect(globalTimeIn("new Date(); Date.now(); import 'node:timers'")).toHaveLength(3);
  });

  it('stands on a ground that imports nothing', () => {
    const ground = library.filter(({ path }) => inRoom(path) === 'contract');
    expect(ground.flatMap(({ imports }) => imports).filter(({ to }) => inRoom(to) !== 'contract')).toEqual([]);
  });
});

describe('The library, its page and the ready-made app', () => {
  const named = [...all, ...pageSources()];

  it('export each name from one file, so that it means one thing', () => {
    expect(namesOfSeveral(named)).toEqual([]);
    expect(new Set(named.flatMap((file) => [...exportsOf(file)])).size).toBeGreaterThan(1_000);
    const broken = [
      { path: 'lib/a.ts', code: 'export interface Place {}\nexport async function find() {}' },
      { path: 'lib/b.ts', code: "export abstract class Place {}\nexport { type Task, seek as find } from './c.js';" },
      { path: 'lib/index.ts', code: "export { type Place } from './a.js';" },
    ];
    expect(namesOfSeveral(broken)).toEqual(['Place: lib/a.ts, lib/b.ts', 'find: lib/a.ts, lib/b.ts']);
  });

  it('call a limit MAX or MIN', () => {
    expect(
      named.flatMap(({ path, code }) => (code.match(OTHER_LIMITS) ?? []).map((name) => `${path}: ${name}`)),
    ).toEqual([]);
    expect('export const MOST_PAGES = 20;\nconst MOSTLY = 1;'.match(OTHER_LIMITS)).toEqual(['const MOST_PAGES']);
  });
});

describe('The library and the ready-made app', () => {
  it('have no circle of files, types included', () => {
    expect(circles(graphOf(all, (path) => path))).toEqual([]);
  });

  it('have no circle of rooms, types included', () => {
    expect(circles(graphOf(all, inRoom))).toEqual([]);
    const broken = [loading('lib/cron/x.ts', 'lib/nest/index.ts'), loading('lib/nest/y.ts', 'lib/cron/index.ts')];
    expect(circles(graphOf(broken, inRoom))).toEqual(['cron -> nest -> cron']);
  });

  it('have nothing of the library lean on the ready-made app', () => {
    expect(library.flatMap(({ imports }) => imports).filter(({ to }) => to.startsWith('src/'))).toEqual([]);
  });
});

function loading(path: string, to: string) {
  return { path, imports: [{ to }] };
}
