import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { describe, expect, it } from 'vitest';
import { hasLastingName } from './lasting-name.js';

/** The same, in a bundle that is minified. */
async function minified(): Promise<typeof hasLastingName> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    build: { ssr: join(import.meta.dirname, 'lasting-name.ts'), write: false, minify: true },
  })) as Rolldown.RolldownOutput;
  const url = `data:text/javascript;base64,${Buffer.from(output[0].code).toString('base64')}`;
  return ((await import(/* @vite-ignore */ url)) as { hasLastingName: typeof hasLastingName }).hasLastingName;
}

describe('hasLastingName', () => {
  it.each(['', 'e', 'TF', 'k0e', 'p$n', '_a', 'NWe'])('takes "%s" for a name that a minifier gave', (name) => {
    expect(hasLastingName(name)).toBe(false);
  });

  it.each(['Job', 'Jobs', 'OwnJobs'])('takes "%s" for a name that somebody gave', (name) => {
    expect(hasLastingName(name)).toBe(true);
  });

  it('takes every short name for one that a minifier gave, where this library is minified itself', async () => {
    const there = await minified();
    expect(['Fqs', 'Job', 'Jobs', 'OwnJobs'].map((name) => there(name))).toEqual([false, false, true, true]);
  });
});
