import { describe, expect, it } from 'vitest';
import { databasePathProblem } from './database-path.js';

describe('The path of a database', () => {
  it.each([
    ':memory:',
    'tasks.db',
    'data/tasks.db',
    './data/tasks.db',
    '../tasks.db',
    '/var/lib/app/tasks.db',
    'data/~tasks.db',
    '~tasks.db',
    'data/100%/tasks.db',
    'data/$price.db',
    'data/undefined.db',
    "ann's/tasks.db",
    'what?/tasks.db',
    'two words/tasks.sqlite3',
    'file.db',
    'sqlite/memory.db',
  ])('may be %j', (path) => {
    expect(databasePathProblem(path)).toBeNull();
  });

  it.each(['C:\\data\\tasks.db', 'c:/data/tasks.db', 'data\\tasks.db', '\\\\server\\share\\tasks.db'])(
    'may be %j on Windows, and elsewhere would be a name in the working directory',
    (path) => {
      expect(databasePathProblem(path, 'win32')).toBeNull();
      expect(databasePathProblem(path, 'linux')).toContain('is one of Windows');
    },
  );

  it.each([
    ['file:/data/t.db', 'must be a path and not the URI "file:/data/t.db": write "/data/t.db".'],
    ['file:t.db', 'write "t.db".'],
    ['FILE:t.db', 'write "t.db".'],
    ['file:///data/t.db', 'write "/data/t.db".'],
    ['file://localhost/data/t.db', 'write "/data/t.db".'],
    ['file:t.db?mode=ro', 'write "t.db". The parameters after "?" have no meaning here.'],
    ['sqlite://data/t.db', 'write "data/t.db".'],
    ['sqlite:t.db', 'write "t.db".'],
    ['sqlite3:///t.db', 'write "/t.db".'],
    ['better-sqlite3://t.db', 'write "t.db".'],
    ['jdbc:sqlite:t.db', 'write "t.db".'],
    ['mysql://root@localhost/tasks', 'no address that begins with "mysql://"'],
    ['https://example.com/t.db', 'no address that begins with "https://"'],
    [':memory', 'must be exactly ":memory:"'],
    ['memory:', 'must be exactly ":memory:"'],
    [':MEMORY:', 'must be exactly ":memory:"'],
    ['file::memory:?cache=shared', 'must be exactly ":memory:"'],
    ['~', 'must be written out'],
    ['~/tasks.db', 'nothing is put for "~" here'],
    ['~ann/tasks.db', 'nothing is put for "~ann" here'],
    ['$HOME/tasks.db', 'nothing is put for "$HOME" here'],
    ['${DATA}/tasks.db', 'nothing is put for "${DATA}" here'],
    ['%APPDATA%\\tasks.db', 'nothing is put for "%APPDATA%" here'],
    ['"data/t.db"', 'must have no quotation marks around it: write "data/t.db"'],
    ["'/data/t.db'", 'write "/data/t.db"'],
    ['undefined', 'must have no "undefined" in it, which a variable leaves that is not set'],
    ['undefined/tasks.db', 'must have no "undefined" in it'],
    ['/data/undefined/tasks.db', 'must have no "undefined" in it'],
    ['null/tasks.db', 'must have no "null" in it'],
    ['data/t.db?mode=ro', 'write "data/t.db"'],
    ['data/t.db?cache=shared&vfs=unix-none', 'write "data/t.db"'],
    ['', 'must be a path that is not empty'],
    ['  ', 'must be a path that is not empty'],
    ['tasks.db\n', 'must have no blanks at its ends'],
    [' tasks.db', 'must have no blanks at its ends'],
    ['data/', '"data/" is a folder'],
    ['tasks\0.db', 'must have no zero byte'],
    ['tasks.db-wal', 'must be the database'],
    ['tasks.db-shm', 'must be the database'],
  ])('is not %j', (path, problem) => {
    expect(databasePathProblem(path)).toContain(problem);
  });

  it.each(['redis://:secret@host:6379', 'postgres://ann:secret@host/db', 'postgresql://ann:secret@host/db'])(
    'is no address of a server, and what is said has no password: %s',
    (address) => {
      const problem = databasePathProblem(address);
      expect(problem).toContain('"engine": bullmq(');
      expect(problem).not.toContain('secret');
    },
  );
});
