// npm run bench: see `npm run bench -- --help`
import { CONTESTANTS } from './contestants/index.js';
import { Context } from './context.js';
import { MEASURES } from './measures/index.js';
import { type BenchOptions, parseOptions, USAGE } from './options.js';
import { installPeers, needPeers } from './peers/install.js';
import { writeDocs } from './report/docs.js';
import { describeMachine, versionsOf } from './report/machine.js';
import { formatReport } from './report/report.js';
import { type MeasureResult, readResults, type Results, writeResults } from './report/results.js';
import { formatTargets } from './report/targets.js';
import { slowDown } from './slow-disk.js';
import { DATA, Stores } from './store/stores.js';

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (options.docs) {
    const last = readResults();
    if (!last) throw new Error('There are no results yet: run the benchmarks first');
    writeDocs(last);
    return;
  }
  if (options.syncDelay > 0) slowDown(options.syncDelay);
  const stores = new Stores();
  try {
    const results = await measureAll(options, stores);
    console.log(`${formatReport(results)}\n\n${formatTargets(results)}`);
  } finally {
    await stores.close();
  }
}

/** Runs what was chosen; the results are stored after each measure, those of others kept where only some were chosen. */
async function measureAll(options: BenchOptions, stores: Stores): Promise<Results> {
  const wanted = CONTESTANTS.filter(({ name }) => options.contestants.includes(name));
  for (const { title, store } of wanted) {
    const missing = Stores.missing(store);
    if (missing) process.stderr.write(`without ${title}: ${missing}\n`);
  }
  const contestants = wanted.filter(({ store }) => !Stores.missing(store));
  if (needPeers(contestants)) installPeers();
  let results: Results = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(DATA, contestants),
    settings:
      `median (least–most) of ${options.rounds} rounds of about ${options.seconds} s after warming up, in turns, each ` +
      'on a new store and every contestant in a process of its own; × is the ratio to nestjs-tasks' +
      (options.syncDelay > 0 ? `; each sync to the disk takes ${options.syncDelay} ms longer` : ''),
    contestants: contestants.map((contestant) => ({
      name: contestant.name,
      title: contestant.title,
      versions: versionsOf(contestant),
      durability: contestant.durability,
      settings: contestant.settings,
    })),
    measures: [],
  };
  const chosen = MEASURES.filter(({ name }) => options.measures.includes(name));
  for (const measure of chosen.toSorted((one, other) => Number(one.last ?? false) - Number(other.last ?? false))) {
    const began = performance.now();
    process.stderr.write(`${measure.name} … `);
    const taking = contestants.filter(
      (one) => (one.measures?.includes(measure.name) ?? true) && measure.takesPart(one),
    );
    const context = new Context(measure, taking, options, stores);
    try {
      await measure.run(context);
    } finally {
      await context.close();
    }
    const measured: MeasureResult = {
      name: measure.name,
      title: measure.title,
      about: measure.about,
      figures: measure.figures.map((figure) => ({
        ...figure,
        outcomes: Object.fromEntries(context.outcomes.get(figure.id) ?? []),
      })),
    };
    results = withMeasure(results, measured);
    if (options.complete) writeResults(results);
    else if (options.update) update(measured);
    process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(0)} s\n`);
  }
  return results;
}

/** Puts one measure in the results of the last whole run. */
function update(measured: MeasureResult): void {
  const last = readResults();
  if (!last) throw new Error('There are no results to update: run all measures first');
  writeResults(withMeasure(last, measured));
}

/** The results with one measure at its place, instead of what was there. */
function withMeasure(results: Results, measured: MeasureResult): Results {
  const order = MEASURES.map(({ name }) => name);
  const measures = [...results.measures.filter(({ name }) => name !== measured.name), measured];
  return {
    ...results,
    measures: measures.toSorted((one, other) => order.indexOf(one.name) - order.indexOf(other.name)),
  };
}

// Ended by a person, too, it ends its servers and processes, which 'exit' does.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
