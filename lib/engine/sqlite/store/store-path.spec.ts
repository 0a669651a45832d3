import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../contract/index.js';
import { makeStoreFile, realPath } from './store-path.js';

describe('The one name of a file', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'tasks-path-')));
    file = join(folder, 'data', 'tasks.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is the same by all ways to it', () => {
    makeStoreFile(file);
    mkdirSync(join(folder, 'links'));
    symlinkSync(file, join(folder, 'links', 'absolute.db'));
    symlinkSync('../data/tasks.db', join(folder, 'links', 'relative.db'));
    symlinkSync('relative.db', join(folder, 'links', 'chain.db'));
    symlinkSync(join(folder, 'data'), join(folder, 'links', 'folder'));
    const ways = [
      file,
      relative(process.cwd(), file),
      `./${relative(process.cwd(), file)}`,
      `${folder}/data/../data/./tasks.db`,
      join(folder, 'links', 'absolute.db'),
      join(folder, 'links', 'relative.db'),
      join(folder, 'links', 'chain.db'),
      join(folder, 'links', 'folder', 'tasks.db'),
      // Behind a link, as the system has it: the folder above the one that the link leads to.
      `${folder}/links/folder/../data/tasks.db`,
    ];
    for (const way of ways) expect(realPath(way), way).toBe(file);
    for (const way of ways) expect(makeStoreFile(way), way).toBe(file);
  });

  it('of a file that is not there yet is where it will be', () => {
    mkdirSync(join(folder, 'data'));
    symlinkSync('data/tasks.db', join(folder, 'link.db'));
    expect(realPath(join(folder, 'link.db'))).toBe(file);
    expect(makeStoreFile(join(folder, 'link.db'))).toBe(file);
    expect(existsSync(file)).toBe(true);
  });

  it('is not there for links that go round', () => {
    symlinkSync('b.db', join(folder, 'a.db'));
    symlinkSync('a.db', join(folder, 'b.db'));
    expect(() => realPath(join(folder, 'a.db'))).toThrow(StoreError);
  });

  it('cannot be told of a file with several names', () => {
    makeStoreFile(file);
    const other = join(folder, 'other.db');
    linkSync(file, other);
    for (const name of [file, other]) expect(() => makeStoreFile(name)).toThrow(/has 2 names \(hard links\)/);
    rmSync(other);
    expect(makeStoreFile(file)).toBe(file);
  });

  it('is no folder', () => {
    mkdirSync(file, { recursive: true });
    expect(() => makeStoreFile(file)).toThrow(`it is a folder. Give the file in it, such as ${join(file, 'tasks.db')}`);
  });

  it.skipIf(process.platform !== 'linux').each(['/dev/null', '/dev/full', '/proc/self/fd/0'])(
    'is none of what is no file: %s',
    (path) => {
      expect(() => makeStoreFile(path)).toThrow(/it is no file, but a device, a pipe or a socket|which holds no files/);
    },
  );

  it('is none of a pipe, which would be waited for', () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(() => makeStoreFile(join(folder, 'pipe'))).toThrow('it is no file, but a device, a pipe or a socket');
  });

  it.skipIf(process.platform !== 'linux')('is none where the system has folders without files', () => {
    expect(() => makeStoreFile('/proc/self/fd/nowhere/tasks.db')).toThrow('which holds no files');
  });

  it('is none below a file', () => {
    makeStoreFile(file);
    expect(() => makeStoreFile(join(file, 'tasks.db'))).toThrow(`Cannot open the task store ${join(file, 'tasks.db')}`);
  });

  it('has room for those of the files beside it', () => {
    const names = ['n'.repeat(245), 'ü'.repeat(123)].map((name) => join(folder, `${name}.db`));
    for (const name of names) expect(() => makeStoreFile(name)).toThrow('its path is too long');
    const deep = join(folder, ...Array.from({ length: 5 }, () => 'd'.repeat(100)), 'tasks.db');
    expect(() => makeStoreFile(deep)).toThrow('its path is too long');
    expect(makeStoreFile(join(folder, `${'n'.repeat(200)}.db`))).toContain('nnn');
  });

  it.skipIf(process.platform === 'win32')('is read by its owner alone where the file is made here', () => {
    makeStoreFile(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
