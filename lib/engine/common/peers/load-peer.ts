import { TasksConfigError } from '../../../contract/index.js';
import { installedPackage, type InstalledPackage } from './installed-package.js';
import { PEERS, type Peer, type PeerName } from './peers.js';

/**
 * Imports a package that the app need not have, where it is used.
 *
 * @param forWhat begins the errors: `"engine"`
 * @param importing the import itself, which bundlers have to see as it is
 * @throws TasksConfigError that names the command which helps, where the package is missing, is of a version that the
 *   library does not work with, or is not made for this Node
 */
export async function loadPeer<T>(name: PeerName, forWhat: string, importing: () => Promise<T>): Promise<T> {
  requirePeer(name, forWhat);
  try {
    return await importing();
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    throw new TasksConfigError(`${forWhat}: the package "${name}" is not installed. ${installing(PEERS[name])}`, {
      cause: error,
    });
  }
}

/** Checks a package without loading it; one that is missing passes. @throws TasksConfigError */
export function requirePeer(name: PeerName, forWhat: string): void {
  const problem = peerProblem(name, installedPackage(name), process.versions.node);
  if (problem !== null) throw new TasksConfigError(`${forWhat}: ${problem}`);
}

/** What is wrong with what is installed; null where nothing is. */
export function peerProblem(name: PeerName, installed: InstalledPackage | null, node: string): string | null {
  if (installed === null) return null;
  const { version } = installed;
  const { ranges, needed }: Peer = PEERS[name];
  if (!ranges.some(({ from, below }) => compare(version, from) >= 0 && compare(version, below) < 0)) {
    return `${name} ${version} is installed, and ${needed} is needed. ${installing(PEERS[name])}`;
  }
  const leastNode = leastMajor(installed.node);
  if (leastNode === null || compare(node, `${leastNode}.0.0`) >= 0) return null;
  return (
    `${name} ${version} is installed, which is made for Node ${leastNode} and later; loading it on Node ${node} would end ` +
    `the process without a word. ${installing(PEERS[name])} Or run the app on Node ${leastNode} or later.`
  );
}

/** The command that installs a package, for each package manager. */
export function installing({ install, besides }: Peer): string {
  const command = `Install it with: npm install ${install} (pnpm add ${install}, yarn add ${install}, bun add ${install}).`;
  return besides === undefined ? command : `${command} ${besides}`;
}

/** Of `>=22` or `20.x || 22.x`, the earliest major; null where no number is named. */
function leastMajor(range: string | null): number | null {
  const majors = (range ?? '').split('||').flatMap((part) => /\d+/.exec(part)?.map(Number) ?? []);
  return majors.length === 0 ? null : Math.min(...majors);
}

function compare(left: string, right: string): number {
  const [a, b] = [numbers(left), numbers(right)];
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** A pre-release counts as what it comes before. */
function numbers(version: string): [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map(Number);
  return [major, minor, patch];
}

/** The package itself, and not one that it imports in turn. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(`'${name}'`);
}
