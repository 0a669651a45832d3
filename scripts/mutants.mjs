// Mutants of the library, by Stryker: how many of them the tests of a room find. Names of rooms as arguments try only
// those, and `--only claim-tasks.ts,gates.ts` only those files of them, of which no score is kept. `--again` goes by what the
// run before has found, with it or without, of mutants whose code and tests are as they were then.
// `test/mutants/scores.json` has the score that each room had at least once: one that is lower fails the run, one that is
// higher is written there. What Stryker cannot make (two processes, the order of a commit and a promise) is made by
// hand in test/model/mutants.ts and test/chaos.
//
// A survivor that no test can find, as the code does the same with it, stands in `test/mutants/equivalents.json` with the
// reason, and is not counted. Survivors are printed as they would stand there.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './pack.mjs';

/** What of the library is altered, which tests have to notice, and for how many milliseconds one may take. */
const ROOMS = {
  attempts: {
    mutate: ['lib/attempts/**/*.ts', 'lib/working/**/*.ts'],
    tests: ['lib/attempts/**/*.spec.ts', 'lib/working/**/*.spec.ts'],
    timeout: 1_500,
  },
  cron: { mutate: ['lib/cron/**/*.ts'], tests: ['lib/cron/**/*.spec.ts', 'lib/nest/discovery/cron*.spec.ts'] },
  outbox: {
    // The entity is a declaration, and what a server does is held by specs with one, in test/outbox: the source there, and
    // the migrations, of which SQLite takes any type and length.
    mutate: ['lib/outbox/!(*.entity|migrations|server-source).ts'],
    tests: ['lib/outbox/*.spec.ts'],
    timeout: 3_000,
  },
  // Their specs carry out statements one after the other: there is no engine, and nothing that waits.
  'statements-a': {
    mutate: ['lib/engine/sqlite/sql/[a-l]*.ts'],
    tests: [
      'lib/engine/sqlite/sql/[a-l]!(roken-traits|ounters).spec.ts',
      // What these settle is judged and counted by files of this room.
      'lib/engine/sqlite/sql/{settle-workflows,steer-workflows,work-on-nodes}.spec.ts',
    ],
    timeout: 3_000,
  },
  'statements-b': {
    mutate: ['lib/engine/sqlite/sql/[m-z]*.ts'],
    tests: ['lib/engine/sqlite/sql/[m-z]!(uery-plans).spec.ts'],
    timeout: 3_000,
  },
  consumer: {
    mutate: ['lib/engine/sqlite/consumer/**/*.ts'],
    // Those of one part on a store or without; what takes engines and other processes says little more of them.
    tests: [
      'lib/engine/sqlite/consumer/{claim-pace,consumer-pool,endings,queue-workers,reporter,until-none-begins}.spec.ts',
    ],
    timeout: 3_000,
  },
  duties: {
    mutate: ['lib/engine/sqlite/maintenance/**/*.ts'],
    // Those of one duty on a store; what takes an engine and real time says little more of them.
    tests: [
      'lib/engine/sqlite/maintenance/*-{duty,pruner,rounds,settler}.spec.ts',
      'lib/engine/sqlite/maintenance/{duty,pruner,replanner,ticker}.spec.ts',
    ],
    timeout: 3_000,
  },
  // Those of one part on a file, here and below; what takes engines, or seconds of real time, says little more of them.
  process: {
    mutate: ['lib/engine/sqlite/process/*.ts'],
    tests: ['lib/engine/sqlite/process/!(registration-of-engine).spec.ts'],
    timeout: 3_000,
  },
  store: {
    // What migrations and entities declare is held by the specs that open files of older versions.
    mutate: ['lib/engine/sqlite/store/*.ts'],
    tests: [
      'lib/engine/sqlite/store/!(connection|connection-locks|migrations-with-word|older-file-at-work).spec.ts',
      // What begins like one that is left out is left out by the pattern above.
      'lib/engine/sqlite/store/{connection,connection-faults,connection-reopening,migrations-with-word}.spec.ts',
    ],
    timeout: 3_000,
  },
  // What of the engine on BullMQ asks no server, each by the spec beside it.
  bullmq: {
    mutate: [
      'lib/engine/bullmq/{attempt-record,bullmq-kind,by-queue,declined,ended-attempt,following,happenings}.ts',
      'lib/engine/bullmq/{job-ids,job-result,keeping,keeping-job,metric-points,queue-names}.ts',
      'lib/engine/bullmq/connections/{given-postgres,given-redis,server-faults,server-watch}.ts',
      'lib/engine/bullmq/flows/{awaited-ends,child-ends,flow-jobs,flow-record,in-flow,tree}.ts',
      'lib/engine/bullmq/schedules/repeat-strategy.ts',
      'lib/engine/bullmq/steps/{stepped-opts,stored-steps,suspended-jobs,together}.ts',
    ],
    tests: [
      'lib/engine/bullmq/*.spec.ts',
      'lib/engine/bullmq/{connections,flows,steps,transfer}/*.spec.ts',
      'lib/engine/bullmq/schedules/repeat-strategy.spec.ts',
    ],
    timeout: 3_000,
  },
  // The same of a job and a workflow as they are read.
  'bullmq-jobs': {
    mutate: [
      'lib/engine/bullmq/{job-view,stored-job}.ts',
      'lib/engine/bullmq/flows/node-states.ts',
      'lib/engine/bullmq/transfer/{carried,job-rows}.ts',
    ],
    tests: [
      'lib/engine/bullmq/{job-view,job-view-*,stored-job}.spec.ts',
      'lib/engine/bullmq/flows/node-states.spec.ts',
      'lib/engine/bullmq/transfer/{carried,job-rows}.spec.ts',
    ],
    timeout: 3_000,
  },
  // Its parts that ask a server, on the run's Redis: an engine's parts, on which nobody works but the test.
  'bullmq-redis': {
    mutate: [
      'lib/engine/bullmq/{cancelled,failed-jobs,global-concurrency,lapse-jobs,lapses,lost-jobs,pruner}.ts',
      'lib/engine/bullmq/{queue-depth,read-listed,registry,retrying,shared-value,task-lists,unhandled-kinds}.ts',
      'lib/engine/bullmq/waiting-jobs.ts',
      'lib/engine/bullmq/flows/{admission,end-unrun,flow-ending,flow-lists,flow-log,flow-reader,task-guard}.ts',
      'lib/engine/bullmq/steps/{callers,suspend-job}.ts',
      'lib/engine/bullmq/transfer/{live-flows,move-mark}.ts',
    ],
    tests: ['test/engines/parts/*.spec.ts'],
    timeout: 5_000,
  },
};

/** A folder in memory, on Linux. */
const MEMORY = '/dev/shm';
const EQUIVALENTS = path.join(root, 'test/mutants/equivalents.json');
const SCORES = path.join(root, 'test/mutants/scores.json');
const CONFIG = path.join(root, 'reports/stryker.json');
const REPORT = path.join(root, 'reports/mutants.json');

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, again: { type: 'boolean' } },
});
const only = values.only?.split(',');
const unknown = wanted.filter((name) => !(name in ROOMS));
if (unknown.length > 0) {
  throw new Error(`There is no room ${unknown.join(', ')}: there are ${Object.keys(ROOMS).join(', ')}`);
}

const scores = JSON.parse(readFileSync(SCORES, 'utf8'));
const equivalents = JSON.parse(readFileSync(EQUIVALENTS, 'utf8'));
let lower = false;
for (const name of wanted.length > 0 ? wanted : Object.keys(ROOMS)) {
  const { score, survivors, mutants, wrong } = mutate(name, ROOMS[name]);
  const before = only ? undefined : scores[name]?.score;
  for (const survivor of survivors) console.log(`  survived: ${JSON.stringify(survivor)}`);
  for (const entry of wrong) console.log(`  no survivor, so not to be listed as equivalent: ${JSON.stringify(entry)}`);
  console.log(
    `${name}: ${score.toFixed(3)} of ${mutants}${before === undefined ? '' : ` (at least ${before.toFixed(3)})`}`,
  );
  if (only) continue;
  if (before !== undefined && score < before) lower = true;
  else scores[name] = { ...scores[name], score: Math.floor(score * 1_000) / 1_000, mutants };
}
writeFileSync(SCORES, `${JSON.stringify(scores, null, 2)}\n`);
if (lower) throw new Error('More mutants survive than before');

function mutate(name, { mutate: files, tests, timeout = 5_000 }) {
  mkdirSync(path.dirname(CONFIG), { recursive: true });
  const options = {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner', path.join(root, 'test/mutants/ignore-texts.mjs')],
    ignorers: ['texts'],
    vitest: { configFile: 'test/mutants/vitest.config.ts', related: false },
    mutate: [...(only ? filesNamed(only, files) : files), '!lib/**/*.spec.ts', '!lib/**/index.ts', '!lib/**/*.d.ts'],
    // No file of this name: what Stryker would rewrite in tsconfig.json is right as it is.
    tsconfigFile: 'none.json',
    coverageAnalysis: 'perTest',
    // What is run once as a file is loaded would need all tests anew for each mutant.
    ignoreStatic: true,
    concurrency: 1,
    incremental: true,
    incrementalFile: `reports/mutants-${name}.json`,
    force: !values.again,
    // For one that never lets go of the thread: time by the clock, which others may take up.
    timeoutMS: 20_000,
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: REPORT },
    tempDirName: 'reports/sandbox',
  };
  writeFileSync(CONFIG, JSON.stringify(options));
  const env = {
    ...process.env,
    // Stores in memory: a disk that others keep busy would take most of the time.
    TMPDIR: existsSync(MEMORY) ? MEMORY : tmpdir(),
    MUTANTS_TESTS: tests.join(' '),
    MUTANTS_TIMEOUT: String(timeout),
  };
  execFileSync('npx', ['stryker', 'run', CONFIG], { cwd: root, stdio: 'inherit', env });
  return summary(JSON.parse(readFileSync(REPORT, 'utf8')));
}

/** Those of the room's files that have one of the names. */
function filesNamed(names, patterns) {
  return patterns.flatMap((pattern) => names.map((name) => path.posix.join(path.posix.dirname(pattern), name)));
}

function summary({ files }) {
  const survivors = [];
  const listed = new Set();
  const tried = Object.keys(files).filter((file) => !only || only.includes(path.posix.basename(file)));
  let found = 0;
  for (const file of tried) {
    const { mutants, source } = files[file];
    for (const { status, location, replacement } of mutants) {
      if (status === 'Killed' || status === 'Timeout') found += 1;
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const { line, mutant } = inWords(source, location, replacement);
      const known = equivalents.find((entry) => entry.file === file && entry.line === line && entry.mutant === mutant);
      if (known) listed.add(known);
      else survivors.push({ file, line, mutant });
    }
  }
  const wrong = equivalents.filter((entry) => tried.includes(entry.file) && !listed.has(entry));
  const mutants = found + survivors.length;
  return { score: found / Math.max(1, mutants), survivors, mutants, wrong };
}

/** The line that a mutant begins in, and what it makes of what: not by number, which changes with every line above. */
function inWords(source, { start, end }, replacement = '') {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const line = lines[0].trim();
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return { line, mutant: `${short(lines.join('\n'))} -> ${short(replacement)}` };
}

function short(code) {
  const text = code.replaceAll(/\s+/g, ' ');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
