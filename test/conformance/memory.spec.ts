import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { memoryEngine } from '../engines/memory/memory-engine.js';
import { MemoryStore } from '../engines/memory/memory-store.js';
import { contextWith, injectedTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

const FOLDER = path.join(import.meta.dirname, '../engines/memory');
/** The ground, the port, and what engines share. */
const DOORS = /^\.\.\/\.\.\/\.\.\/lib\/(?:clock|contract|engine\/port|engine\/common)\/index\.js$|^\.\/|^node:/;

describeTaskEngine('In-memory', async () => {
  const store = new MemoryStore();
  return { time: injectedTime(), engine: (context) => memoryEngine(store, context) };
});

it('is written against the port in under 720 lines', () => {
  const sources = readdirSync(FOLDER).map((file) => readFileSync(path.join(FOLDER, file), 'utf8'));
  expect(sources.join('').split('\n').length - 1).toBeLessThan(720);
  const imported = sources.flatMap((source) => [...source.matchAll(/from '([^']+)'/g)].map(([, from]) => from!));
  expect(imported.filter((from) => !DOORS.test(from))).toEqual([]);
  expect(imported.some((from) => from.includes('engine/port'))).toBe(true);
});

it('has facets of ten methods at most', () => {
  const engine = memoryEngine(new MemoryStore(), contextWith(injectedTime().clock));
  const facets = Object.entries(engine).filter(([name, facet]) => name.endsWith('ing') && typeof facet === 'object');
  expect(facets).toHaveLength(8);
  for (const [name, facet] of facets) expect(Object.keys(facet as object).length, name).toBeLessThanOrEqual(10);
});
