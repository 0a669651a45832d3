import { homedir } from 'node:os';
import { join } from 'node:path';

export const IN_MEMORY = ':memory:';

/** Schemes of addresses of SQLite files, as other tools take them. */
const FILE_SCHEME = /^(?:file|sqlite3?|better-sqlite3|libsql|jdbc:sqlite):/i;
const SERVER_SCHEME = /^(?:rediss?|postgres(?:ql)?):/i;
const SCHEME = /^([a-z][a-z\d+.-]+):\/\//i;
/** A variable, or a home folder: what a shell would have put something else for. */
const UNEXPANDED = /^(?:~[^/\\]*[/\\]|~$|\$\{?\w+\}?(?:[/\\]|$)|%\w+%)/;
/** What a template makes of a variable that is not set: all of a path, or a folder on it. */
const UNSET = /^(undefined|null)$|(?:^|[/\\])(undefined|null)[/\\]/;
/** As a file of variables has them (docker's --env-file), where nobody takes them away. */
const QUOTED = /^(["'`])(.*)\1$/;
/** A drive, or the separator of Windows: elsewhere both are part of a name. */
const OF_WINDOWS = /^[a-z]:[/\\]|\\/i;
/** Files that SQLite keeps beside a database, and not the database. */
const BESIDE = /-(?:wal|shm|journal)$/;

/**
 * What is wrong with a text as the path of a SQLite file, worded to follow the name of its option; null where nothing is.
 * SQLite and the file system take nearly any text for a name, and the tasks would be in a file that nobody meant.
 */
export function databasePathProblem(text: string, platform: NodeJS.Platform = process.platform): string | null {
  if (text === IN_MEMORY) return null;
  if (text.trim() === '') return 'must be a path that is not empty';
  if (text !== text.trim()) return `must have no blanks at its ends, as ${JSON.stringify(text)} has`;
  if (text.includes('\0')) return 'must have no zero byte in it';
  const unquoted = QUOTED.exec(text)?.[2];
  if (unquoted !== undefined) return `must have no quotation marks around it: write ${JSON.stringify(unquoted)}`;
  // First, as an address may have a password in it.
  if (SERVER_SCHEME.test(text)) {
    return (
      'must be the path of a file. Tasks are kept on Redis or PostgreSQL with the option "engine": ' +
      'bullmq({ connection: … }) or bullmq({ postgres: … })'
    );
  }
  if (/:memory:?|^memory:/i.test(text)) return `must be exactly "${IN_MEMORY}" for a store that ends with the process`;
  if (FILE_SCHEME.test(text)) return uriProblem(text);
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme !== undefined) return `must be the path of a file, and no address that begins with "${scheme}://"`;
  if (UNEXPANDED.test(text)) {
    const example = text.startsWith('~') ? `, such as ${JSON.stringify(join(homedir(), 'tasks.db'))}` : '';
    return `must be written out${example}: nothing is put for ${JSON.stringify(/^[^/\\]+/.exec(text)![0])} here`;
  }
  const [, whole, folder] = UNSET.exec(text) ?? [];
  const unset = whole ?? folder;
  if (unset !== undefined)
    return `must have no ${JSON.stringify(unset)} in it, which a variable leaves that is not set`;
  if (platform !== 'win32' && OF_WINDOWS.test(text)) {
    const path = text.replace(/^[a-z]:/i, '').replaceAll('\\', '/');
    return `must be a path of this system, such as ${JSON.stringify(path)}: ${JSON.stringify(text)} is one of Windows`;
  }
  if (/\?\w+=/.test(text)) {
    return `must be a path without parameters, which have no meaning here: write ${JSON.stringify(text.split('?')[0])}`;
  }
  if (/[/\\]$/.test(text)) return `must be a file: ${JSON.stringify(text)} is a folder`;
  if (BESIDE.test(text)) return `must be the database, and not ${JSON.stringify(text)}, which is kept beside one`;
  return null;
}

function uriProblem(text: string): string {
  const [path = '', query] = text
    .replace(FILE_SCHEME, '')
    .replace(/^\/\/(?:localhost(?=\/))?/, '')
    .split('?');
  const rest = query === undefined ? '' : ' The parameters after "?" have no meaning here.';
  return `must be a path and not the URI ${JSON.stringify(text)}: write ${JSON.stringify(path)}.${rest}`;
}
