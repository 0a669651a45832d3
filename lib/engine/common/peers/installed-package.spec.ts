import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installedPackage } from './installed-package.js';

describe('installedPackage', () => {
  let folder: string;
  let app: string;

  function install(name: string, manifest: object, file = 'index.js'): void {
    const home = join(folder, 'node_modules', name);
    mkdirSync(join(home, 'dist'), { recursive: true });
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name, ...manifest }));
    writeFileSync(join(home, file), 'throw new Error("loaded")');
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-peers-'));
    app = join(folder, 'app.js');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reads the package.json of what would be imported, and runs nothing of it', () => {
    install('engine', { version: '13.2.0', engines: { node: '>=22' } });
    expect(installedPackage('engine', [app])).toEqual({ version: '13.2.0', node: '>=22' });
    expect(installedPackage('engine', [pathToFileURL(app).href])).toEqual({ version: '13.2.0', node: '>=22' });
  });

  it('finds it where the package keeps its package.json to itself', () => {
    install('closed', { version: '1.2.3', exports: { '.': './dist/main.js' } }, 'dist/main.js');
    writeFileSync(join(folder, 'node_modules/closed/dist/package.json'), '{"type":"commonjs"}');
    expect(installedPackage('closed', [app])).toEqual({ version: '1.2.3', node: null });
  });

  it('asks the files in turn, and passes over those that are none', () => {
    install('engine', { version: '13.2.0' });
    const nowhere = ['webpack-internal:///bundle', join(tmpdir(), 'tasks-nowhere/app.js')];
    expect(installedPackage('engine', [...nowhere, app])).toMatchObject({ version: '13.2.0' });
    expect(installedPackage('engine', nowhere)).toBeNull();
  });

  it('begins with this package, which has its own', () => {
    expect(installedPackage('typeorm')?.version).toMatch(/^1\./);
    expect(installedPackage('bullmq')?.version).toMatch(/^6\./);
  });
});
