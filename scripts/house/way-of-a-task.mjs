// The way of one task through the embedded engine, as it is run: every file of the library in which a function is called
// for each task, from `queue()` to the task's end, with what it exports of what is called. It reads the build in dist/esm.
// First where the engine runs in the app's thread, then what is added by a thread of its own, which it has by default.
import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { takeCoverage } from 'node:v8';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Database from 'better-sqlite3';

/** One after the other. */
const TASKS = 1_000;

/** As `lib/thread/main.ts`, and writes to `file` what was called: the thread has no environment that asks for it. */
const threadWithCoverage = (file) => `
const { writeFileSync } = require('node:fs');
const { Session } = require('node:inspector');
const { parentPort, workerData } = require('node:worker_threads');
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
process.on('exit', () => {
  session.post('Profiler.takePreciseCoverage', (error, found) => writeFileSync(${JSON.stringify(file)}, JSON.stringify(found)));
});
Promise.all([import('../engine/kinds/index.js'), import('./library-functions.js'), import('../version.js')]).then(
  ([{ serveEngine }, { LIBRARY_FUNCTIONS }, { VERSION }]) =>
    serveEngine(parentPort, workerData, LIBRARY_FUNCTIONS, VERSION),
);
`;

const lib = fileURLToPath(new URL('../../dist/esm/lib/', import.meta.url));

if (process.env.NODE_V8_COVERAGE) await runTasks(process.argv.includes('thread'));
else {
  const alone = calledForEach();
  report(alone);
  const added = [...calledForEach('thread')].filter(([path]) => !alone.has(path));
  console.log('\nwith a thread of its own, besides');
  report(new Map(added));
}

/** Functions that were called for each task, by file. What timers of the engine call is called less often. */
function calledForEach(...args) {
  const coverage = mkdtempSync(join(tmpdir(), 'way-of-a-task-'));
  // In place of the file that the thread runs, which is a bundle: its files are to be told apart.
  const bundle = join(lib, 'thread/nestjs-tasks-thread.cjs');
  const bundled = readFileSync(bundle);
  writeFileSync(bundle, threadWithCoverage(join(coverage, 'thread.json')));
  try {
    execFileSync(process.execPath, [import.meta.filename, ...args], {
      env: { ...process.env, NODE_V8_COVERAGE: coverage },
    });
    const called = new Map();
    for (const name of readdirSync(coverage)) {
      for (const { url, functions } of JSON.parse(readFileSync(join(coverage, name), 'utf8')).result) {
        if (!url.startsWith('file:') || !fileURLToPath(url).startsWith(lib)) continue;
        const path = relative(lib, fileURLToPath(url));
        for (const { functionName, ranges } of functions) {
          if (ranges[0].count < TASKS) continue;
          if (!called.has(path)) called.set(path, new Set());
          called.get(path).add(functionName);
        }
      }
    }
    return called;
  } finally {
    writeFileSync(bundle, bundled);
    rmSync(coverage, { recursive: true });
  }
}

function report(called) {
  const paths = [...called.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  const concepts = paths.flatMap((path) => {
    const exported = exportsOf(path, called.get(path));
    console.log(`${path.padEnd(56)} ${exported.join(', ')}`);
    return exported;
  });
  console.log(`\n${paths.length} files, ${concepts.length} exported concepts on the way of a task`);
}

/** Names that the file exports: functions that were called, and classes of which a method was. */
function exportsOf(path, called) {
  const code = readFileSync(join(lib, path), 'utf8');
  return [...code.matchAll(/^export (?:async )?(class|function|const) (\w+)/gm)]
    .filter(([, kind, name]) => kind === 'class' || called.has(name))
    .map(([, , name]) => name);
}

async function runTasks(thread) {
  const { TaskDispatcher, TaskHandler, TasksModule } = await import(pathToFileURL(join(lib, 'index.js')).href);
  const folder = mkdtempSync(join(tmpdir(), 'way-of-a-task-'));
  const database = join(folder, 'tasks.db');

  class Hello {
    handle() {}
  }
  TaskHandler('hello')(Hello);

  class App {}
  Module({
    imports: [TasksModule.forRoot({ database, thread, synchronous: 'normal', configFile: false, admin: false })],
    providers: [Hello],
  })(App);

  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const tasks = app.get(TaskDispatcher);
  // Asking the dispatcher for the state would be on the way.
  const store = new Database(database, { readonly: true });
  const state = store.prepare('SELECT state FROM tasks_task WHERE id = ?').pluck();
  const run = async () => {
    const { id } = await tasks.queue('default', 'hello', {});
    while (state.get(id) !== 'completed') await turn();
  };
  await run();
  // What is called at boot, and on first use, is not on the way of every task.
  takeCoverage();
  for (const file of readdirSync(process.env.NODE_V8_COVERAGE)) rmSync(join(process.env.NODE_V8_COVERAGE, file));
  for (let ran = 0; ran < TASKS; ran += 1) await run();
  store.close();
  await app.close();
  rmSync(folder, { recursive: true });
}
