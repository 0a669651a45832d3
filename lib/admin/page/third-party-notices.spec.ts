import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WITHIN } from '../../../scripts/build-thread.mjs';

const CLIENT = 'lib/admin/page/client';

const require = createRequire(import.meta.url);

/** `preact` of `preact/hooks`. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function librariesOfThePage(): string[] {
  const files = readdirSync(CLIENT, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.spec)\.tsx?$/.test(file),
  );
  const sources = files.map((file) => readFileSync(join(CLIENT, file), 'utf8'));
  return [
    ...new Set(sources.flatMap((source) => [...source.matchAll(/from '([^.'][^']*)'/g)].map(([, name]) => name!))),
  ];
}

function noticeOf(name: string): string {
  const folder = require.resolve
    .paths(name)!
    .map((place) => join(place, name))
    .find((place) => existsSync(place))!;
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))!;
  const text = readFileSync(join(folder, licence), 'utf8').trim().replaceAll('\r\n', '\n');
  return `--- ${name} ${version} ---\n\n${text}`;
}

describe('THIRD-PARTY-NOTICES.txt', () => {
  const notices = readFileSync('THIRD-PARTY-NOTICES.txt', 'utf8');

  it('holds the licence of every library that is built into the page', () => {
    const libraries = librariesOfThePage();
    expect(libraries).toEqual(expect.arrayContaining(['uplot', '@dagrejs/dagre']));
    // What a library of the page brings along is built in with it.
    for (const name of [...libraries.map(packageOf), '@preact/signals-core', '@dagrejs/graphlib']) {
      expect(notices).toContain(noticeOf(name));
    }
  });

  it('holds that of every package that is built into the file of the thread', () => {
    expect(WITHIN).toContain('croner');
    for (const name of WITHIN) expect(notices).toContain(noticeOf(name));
  });
});
