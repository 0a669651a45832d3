import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TasksConfigError } from '../../../contract/index.js';
import { loadPeer, peerProblem } from './load-peer.js';
import { PEERS, type PeerName } from './peers.js';

const peer = (version: string, node: string | null = null) => ({ version, node });

describe('peerProblem', () => {
  it.each<[PeerName, string]>([
    ['bullmq', '6.7.0'],
    ['bullmq', '6.30.1'],
    ['ioredis', '5.0.0'],
    ['ioredis', '6.0.0'],
    ['pg', '8.23.1'],
    ['typeorm', '0.3.20'],
    ['typeorm', '0.3.30'],
    ['typeorm', '1.1.1'],
    ['better-sqlite3', '11.10.0'],
    ['better-sqlite3', '13.2.0'],
  ])('takes %s %s', (name, version) => {
    expect(peerProblem(name, peer(version), '20.19.0')).toBeNull();
  });

  it.each<[PeerName, string]>([
    ['bullmq', '5.81.5'],
    ['bullmq', '6.6.9'],
    ['bullmq', '7.0.0'],
    ['ioredis', '4.28.5'],
    ['pg', '7.18.2'],
    ['typeorm', '0.2.45'],
    ['typeorm', '0.3.19'],
    ['typeorm', '0.4.0'],
    ['typeorm', '2.0.0-rc.1'],
    ['better-sqlite3', '9.6.0'],
    ['better-sqlite3', '14.0.0'],
  ])('refuses %s %s, naming what is needed and the command', (name, version) => {
    const problem = peerProblem(name, peer(version), '24.0.0');
    expect(problem).toContain(`${name} ${version} is installed, and ${PEERS[name].needed} is needed`);
    expect(problem).toContain(`npm install ${PEERS[name].install} (pnpm add`);
  });

  it('says what npm wants besides, where the TypeORM of the app names another better-sqlite3', () => {
    const problem = peerProblem('better-sqlite3', peer('9.6.0'), '20.19.0');
    expect(problem).toMatch(/@12\)\. .*better-sqlite3@11, or .*: npm pkg set overrides\.typeorm\.better-sqlite3=12\.$/);
    expect(peerProblem('pg', peer('7.18.2'), '20.19.0')).toMatch(/bun add pg@8\)\.$/);
  });

  it.each([
    ['>=22', '20.20.2', '22'],
    ['>= 22.13.0', '20.20.2', '22'],
    ['20.x || 22.x || 24.x', '18.20.0', '20'],
    ['^24 || >=26', '22.1.0', '24'],
  ])('refuses what is made for Node %s on %s before it is loaded', (range, node, least) => {
    expect(peerProblem('better-sqlite3', peer('13.2.0', range), node)).toMatch(
      new RegExp(
        `13\\.2\\.0 .* Node ${least} and later; .* Node ${node} .* npm install better-sqlite3@12 .*pnpm.*yarn`,
      ),
    );
  });

  it.each([
    ['>=22', '22.0.0'],
    ['20.x || 22.x', '20.19.0'],
    ['20.x || 22.x', '26.0.0'],
    ['*', '20.19.0'],
    [null, '20.19.0'],
  ])('takes what is made for Node %s on %s', (range, node) => {
    expect(peerProblem('better-sqlite3', peer('13.2.0', range), node)).toBeNull();
  });
});

describe('loadPeer', () => {
  const failing = (message: string, code: string) => () => Promise.reject(Object.assign(new Error(message), { code }));

  it('names the command for one that is missing', async () => {
    for (const code of ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']) {
      const missing = loadPeer('pg', '"engine"', failing("Cannot find package 'pg' imported from x", code));
      await expect(missing).rejects.toThrow(
        '"engine": the package "pg" is not installed. Install it with: npm install pg@8',
      );
      await expect(missing).rejects.toThrow(TasksConfigError);
    }
  });

  it('lets through what fails within the package', async () => {
    const broken = failing("Cannot find module 'pg-types' imported from pg", 'MODULE_NOT_FOUND');
    await expect(loadPeer('pg', '"engine"', broken)).rejects.toThrow('pg-types');
  });

  it('hands out what is there', async () => {
    expect(await loadPeer('pg', '"engine"', async () => 'the driver')).toBe('the driver');
  });
});

describe('package.json', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    peerDependencies: Record<string, string>;
    peerDependenciesMeta: Record<string, { optional?: boolean }>;
  };

  it('refuses no app for what it may not use', () => {
    const unused = ['better-sqlite3', 'bullmq', 'ioredis', 'pg', '@nestjs/schedule', '@opentelemetry/api'];
    for (const name of [...unused, '@nestjs/platform-express', '@nestjs/platform-fastify']) {
      expect([name, manifest.peerDependencies[name], manifest.peerDependenciesMeta[name]]).toEqual([
        name,
        '*',
        { optional: true },
      ]);
    }
  });

  it('has the range of TypeORM that is checked', () => {
    expect(manifest.peerDependencies.typeorm).toBe(PEERS.typeorm.ranges.map(({ from }) => `^${from}`).join(' || '));
  });
});
