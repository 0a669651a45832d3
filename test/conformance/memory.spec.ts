import { expect, it } from 'vitest';
import { linesOf, sources } from '../../scripts/house/sources.mjs';
import { memoryEngine } from '../engines/memory/memory-engine.js';
import { MemoryStore } from '../engines/memory/memory-store.js';
import { contextWith, injectedTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

/** The ground, the port, and what engines share. */
const DOORS = /^\.\.\/\.\.\/\.\.\/lib\/(?:clock|contract|engine\/port|engine\/common)\/index\.js$|^\.\/|^node:/;

describeTaskEngine('In-memory', async () => {
  const store = new MemoryStore();
  return { time: injectedTime(), engine: (context) => memoryEngine(store, context) };
});

it('is written against the port in under 500 lines of code, as `npm run house` counts them', () => {
  const files = sources(['test/engines/memory']);
  expect(files.length).toBeGreaterThan(1);
  expect(files.reduce((sum, file) => sum + linesOf(file), 0)).toBeLessThan(500);
  const imported = files.flatMap(({ code }) => [...code.matchAll(/from '([^']+)'/g)].map(([, from]) => from!));
  expect(imported.filter((from) => !DOORS.test(from))).toEqual([]);
  expect(imported.some((from) => from.includes('engine/port'))).toBe(true);
});

it('has facets of ten methods at most', () => {
  const engine = memoryEngine(new MemoryStore(), contextWith(injectedTime().clock));
  const facets = Object.entries(engine).filter(([name, facet]) => name.endsWith('ing') && typeof facet === 'object');
  expect(facets).toHaveLength(8);
  for (const [name, facet] of facets) expect(Object.keys(facet as object).length, name).toBeLessThanOrEqual(10);
});
