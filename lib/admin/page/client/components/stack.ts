import { h } from '../dom.js';

/** Frames of a package or of Node itself: seldom where the mistake is. */
const FOREIGN_FRAME = /node_modules[\\/]|\(node:|at node:|<anonymous>/;

/** An error's stack: the app's own frames first, those of others below, closed. */
export function stackBlock(stack: string): HTMLElement {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  if (first === -1) return h('pre', {}, stack);
  const frames = lines.slice(first);
  const own = frames.filter((line) => !FOREIGN_FRAME.test(line));
  const foreign = frames.filter((line) => FOREIGN_FRAME.test(line));
  const whole = h('details', {}, h('summary', {}, 'Whole stack, in its order'), h('pre', {}, stack));
  return h(
    'div',
    { class: 'stack' },
    own.length > 0 &&
      h(
        'pre',
        { role: 'region', 'aria-label': "The app's frames", tabindex: '0' },
        own.map((line) => line.trim()).join('\n'),
      ),
    foreign.length > 0 &&
      h(
        'details',
        { class: 'foreign', open: own.length === 0 },
        h('summary', {}, `${foreign.length} frames of packages and Node`),
        h('pre', {}, foreign.map((line) => line.trim()).join('\n')),
      ),
    whole,
  );
}
