import { h } from '../dom.js';
import { plural } from '../format.js';

/** Frames of a package or of Node itself: seldom where the mistake is. */
const FOREIGN_FRAME = /node_modules[\\/]|\(node:|at node:|<anonymous>/;

/** An error's stack: the app's own frames first, those of others below, closed. */
export function stackBlock(stack: string): HTMLElement {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  if (first === -1) return textBlock('Stack', stack);
  const frames = lines.slice(first);
  const own = frames.filter((line) => !FOREIGN_FRAME.test(line));
  const foreign = frames.filter((line) => FOREIGN_FRAME.test(line));
  return h(
    'div',
    { class: 'stack' },
    own.length > 0 && textBlock("The app's frames", trimmed(own)),
    foreign.length > 0 &&
      h(
        'details',
        { class: 'foreign', open: own.length === 0 },
        h('summary', {}, `${plural(foreign.length, 'frame')} of packages and Node`),
        textBlock('Frames of packages and Node', trimmed(foreign)),
      ),
    h('details', {}, h('summary', {}, 'Whole stack, in its order'), textBlock('Whole stack', stack)),
  );
}

/** Lines that may be longer than there is room, and then are moved by keyboard too. */
export function textBlock(label: string, text: string): HTMLElement {
  return h('pre', { role: 'group', 'aria-label': label, tabindex: '0' }, text);
}

function trimmed(frames: readonly string[]): string {
  return frames.map((line) => line.trim()).join('\n');
}
