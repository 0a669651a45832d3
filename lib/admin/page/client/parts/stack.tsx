import type { JSX } from 'preact';
import { countOf } from '../format.js';
import { Copy } from '../ui/bits.js';

/** Frames of a package or of Node itself: seldom where the mistake is. */
const FOREIGN_FRAME = /node_modules[\\/]|\(node:|at node:|<anonymous>/;

/** An error's stack: the app's own frames first, those of others below, closed. */
export function Stack({ stack }: { readonly stack: string }): JSX.Element {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  if (first === -1) return <Text label="Stack" text={stack} />;
  const frames = lines.slice(first);
  const own = frames.filter((line) => !FOREIGN_FRAME.test(line));
  const foreign = frames.filter((line) => FOREIGN_FRAME.test(line));
  return (
    <div class="stack">
      {own.length > 0 && <Text label="The app's frames" text={trimmed(own)} />}
      {foreign.length > 0 && (
        <details class="foreign" open={own.length === 0}>
          <summary>{`${countOf(foreign.length, 'frame')} of packages and Node`}</summary>
          <Text label="Frames of packages and Node" text={trimmed(foreign)} />
        </details>
      )}
      <details>
        <summary>Whole stack, in its order</summary>
        <Text label="Whole stack" text={stack} />
      </details>
      <Copy label="Copy stack" text={() => stack} />
    </div>
  );
}

/** Lines that may be longer than there is room, and then are moved by keyboard too. */
function Text({ label, text }: { readonly label: string; readonly text: string }): JSX.Element {
  return (
    <pre role="group" aria-label={label} tabIndex={0}>
      {text}
    </pre>
  );
}

function trimmed(frames: readonly string[]): string {
  return frames.map((line) => line.trim()).join('\n');
}
