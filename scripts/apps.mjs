// What the checks share that install the packed package in apps outside of this repository.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { root } from './pack.mjs';

/** More than each takes on a busy machine; better-sqlite3 may have to be compiled. */
const COMMAND_LIMIT_MS = 600_000;
const SERVER_LIMIT_MS = 120_000;

/** Runs a command in the app's folder; what it printed is shown only where it fails. */
export function run(app, folder, command, ...args) {
  return runWithin(COMMAND_LIMIT_MS, app, folder, command, ...args);
}

/** @param limit in milliseconds */
export function runWithin(limit, app, folder, command, ...args) {
  try {
    const stdio = ['ignore', 'pipe', 'pipe'];
    return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio, timeout: limit });
  } catch (error) {
    console.error(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    const how = error.code === 'ETIMEDOUT' ? 'took too long' : 'failed';
    throw new Error(`${app}: "${command} ${args.join(' ')}" ${how}`, { cause: error });
  }
}

/** Runs a program that is to end with exit code 1, by itself and not by a signal. Returns what it printed. */
export function runToFail(app, folder, ...args) {
  try {
    execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe', timeout: SERVER_LIMIT_MS });
  } catch (error) {
    const printed = `${error.stdout ?? ''}${error.stderr ?? ''}`;
    if (error.status === 1) return printed;
    console.error(printed);
    throw new Error(`${app}: "node ${args.join(' ')}" ended with ${error.signal ?? error.status}`, { cause: error });
  }
  throw new Error(`${app}: "node ${args.join(' ')}" was to fail, and did not`);
}

/** Runs a server until it has printed `text`, then ends it. */
export async function serve(app, folder, text, ...args) {
  const env = { ...process.env, PORT: '0' };
  const server = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const seen = new Promise((resolve) => {
    const read = (chunk) => {
      printed += chunk;
      if (printed.includes(text)) resolve(true);
    };
    server.stdout.setEncoding('utf8').on('data', read);
    server.stderr.setEncoding('utf8').on('data', read);
  });
  const exited = once(server, 'exit');
  const timer = setTimeout(() => server.kill('SIGKILL'), SERVER_LIMIT_MS);
  const found = await Promise.race([seen, exited.then(() => false)]);
  server.kill('SIGTERM');
  const [code, signal] = await exited;
  clearTimeout(timer);
  if (found && signal !== 'SIGKILL') return;
  console.error(printed);
  throw new Error(`${app}: "node ${args.join(' ')}" did not print "${text}" and end when told to (${code ?? signal})`);
}

/** Path of a program of this machine; undefined where it is not installed. */
export function programOf(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

/** Starts a Redis on loopback, for an app of its own, which keeps nothing. */
export async function startRedis(program, folder) {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  await new Promise((resolve, reject) => {
    server.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept connections') && resolve());
    void exited.then(() => reject(new Error('redis-server ended before it was ready')));
  });
  return {
    port,
    async end() {
      server.kill('SIGKILL');
      await exited;
    },
  };
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** The blocks of code of one language on a page of this repository. */
export function codeBlocks(page, language) {
  const text = readFileSync(path.join(root, page), 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code);
}

/** The program that the README begins with. */
export function readmeProgram() {
  return codeBlocks('README.md', 'ts')[0];
}

/** The version of an installed package, whatever its `exports` hide. */
export function versionOf(folder, name) {
  return JSON.parse(readFileSync(path.join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/**
 * Has better-sqlite3's install script take the binary that this repository was installed with, where the version is the
 * same, instead of compiling it in every app. Whether the script runs at all is up to the package manager as before.
 */
export function shareCompiledSqlite(work) {
  const home = path.join(root, 'node_modules/better-sqlite3');
  const binary = 'build/Release/better_sqlite3.node';
  if (!existsSync(path.join(home, binary))) return;
  const prebuilds = path.join(work, 'prebuilds');
  mkdirSync(prebuilds, { recursive: true });
  const target = `node-v${process.versions.modules}-${process.platform}-${process.arch}`;
  const file = `better-sqlite3-v${versionOf(root, 'better-sqlite3')}-${target}.tar.gz`;
  execFileSync('tar', ['czf', path.join(prebuilds, file), '-C', home, binary]);
  process.env.npm_config_better_sqlite3_local_prebuilds = prebuilds;
}
