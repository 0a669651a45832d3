import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { forgetProcess, processesWithFiles } from './process-files.js';

it('processes are known by their files, which are cleared away together', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasks-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of [
    'writer',
    'one.alive',
    'one.begun',
    'v1.2.alive',
    'three.begun',
    'four.alive.old',
    'five-alive',
  ]) {
    writeFileSync(join(folder, name), '');
  }
  expect(processesWithFiles(folder)).toEqual(new Set(['one', 'v1.2', 'three']));
  forgetProcess(folder, 'one');
  forgetProcess(folder, 'three');
  expect(readdirSync(folder)).toEqual(['five-alive', 'four.alive.old', 'v1.2.alive', 'writer']);
});

it('there are none where there is no folder', () => {
  const nowhere = join(tmpdir(), 'tasks-no-such-folder');
  expect(processesWithFiles(nowhere)).toEqual(new Set());
  expect(() => forgetProcess(nowhere, 'one')).not.toThrow();
});
