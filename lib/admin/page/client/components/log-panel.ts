import type { Task } from '../../../../engine/index.js';
import { h, notice } from '../dom.js';
import { copyButton } from './copy-button.js';
import { LogList } from './log-list.js';

/** The log of a task's attempts, to read and to copy. */
export class LogPanel {
  private readonly list = new LogList('Log lines');
  private readonly heading = h('h2', {}, 'Logs');
  private readonly copy = copyButton('Copy all lines', () => this.lines.join('\n'));
  private lines: readonly string[] = [];

  /** Each time the same elements, as long as there are lines. */
  partsOf({ logs }: Task): readonly HTMLElement[] {
    if (logs.length === 0) return [this.heading, notice('None.')];
    this.lines = logs.map(({ at, attempt, message }) => `${new Date(at).toISOString()}  #${attempt}  ${message}`);
    this.list.show(this.lines);
    return [this.heading, this.list.element, this.copy];
  }
}
