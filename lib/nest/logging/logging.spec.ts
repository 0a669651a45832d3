import { afterEach, describe, expect, it, vi } from 'vitest';
import { StoppedTime } from '../../../test/support/stopped-time.js';
import type { EngineLogger } from '../../engine/port/index.js';
import { plainLines, seldomErrors } from './index.js';

const lines: string[] = [];
const note = (message: string, stack?: string): void =>
  void lines.push(stack === undefined ? message : `${message}|${stack}`);
const logger: EngineLogger = { log: note, warn: note, error: note };

afterEach(() => {
  lines.length = 0;
  vi.restoreAllMocks();
});

describe('Lines of the log', () => {
  it('show control characters of tasks and do not carry them out, and are not taken for others', () => {
    const plain = plainLines(logger);
    plain.warn('Task failed: \u001b[2Jgone\u0007\u009b31m\r\n[Nest] 1 - LOG all is well');
    plain.error('x\u0000', 'Error: \u001b]0;title\u0007\n    at here');
    expect(lines).toEqual([
      'Task failed: \\x1b[2Jgone\\x07\\x9b31m\\r\n    [Nest] 1 - LOG all is well',
      'x\\x00|Error: \\x1b]0;title\\x07\n    at here',
    ]);
  });

  it('tell an error that comes again and again five times in ten seconds, and then how often it came', () => {
    const time = new StoppedTime();
    const seldom = seldomErrors(logger);
    for (let count = 0; count < 100; count += 1) seldom.error(`Cannot store task ${count}: the file is damaged`);
    seldom.error('Something else');
    expect(lines).toHaveLength(6);
    time.advance(10_000);
    seldom.error('Cannot store task 100: the file is damaged');
    expect(lines.at(-1)).toBe(
      'Cannot store task 100: the file is damaged (and 95 more of this kind since it was told last)',
    );
    time.advance(10_000);
    seldom.error('Cannot store task 101: the file is damaged');
    expect(lines.at(-1)).toBe('Cannot store task 101: the file is damaged');
  });
});
