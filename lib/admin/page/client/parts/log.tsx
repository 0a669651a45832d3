import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import type { Task } from '../api-types.js';
import { clockTime } from '../format.js';
import { Copy, Panel } from '../ui/bits.js';

const LINE_HEIGHT_PX = 20;
const PADDING_PX = 10;
/** Lines above and below those in sight. */
const OVERSCAN = 20;
/** Up to here, all lines are on the page: the browser's search finds them. */
const SHORT_LOG = 200;

/** The log of a task's attempts, to read, to search and to copy. */
export function LogPart({ task: { logs } }: { readonly task: Task }): JSX.Element {
  const [attempt, setAttempt] = useState('');
  const [text, setText] = useState('');
  const attempts = [...new Set(logs.map((line) => line.attempt))];
  const wanted = text.toLowerCase();
  const lines = useMemo(
    () =>
      logs
        .filter(
          (line) =>
            (attempt === '' || line.attempt === Number(attempt)) &&
            (wanted === '' || line.message.toLowerCase().includes(wanted)),
        )
        .map(({ at, attempt: number, message }) => `${clockTime(at)}  #${number}  ${message}`),
    [logs, attempt, wanted],
  );
  const tools = (
    <>
      {attempts.length > 1 && (
        <select
          aria-label="Attempt of the log"
          value={attempt}
          onChange={(event) => setAttempt(event.currentTarget.value)}
        >
          <option value="">all attempts</option>
          {attempts.map((number) => (
            <option key={number} value={number}>{`attempt ${number}`}</option>
          ))}
        </select>
      )}
      <input
        type="search"
        aria-label="Find in logs"
        placeholder="Find in logs"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Copy label="Copy all lines" text={() => lines.join('\n')} />
    </>
  );
  return (
    <Panel title="Logs" tools={tools}>
      {lines.length === 0 ? <p class="notice">No line matches.</p> : <LogList lines={lines} />}
    </Panel>
  );
}

/**
 * Lines of a log, of which those in sight are on the page: an attempt has up to 1,000, a task many attempts. Whoever
 * reads its end stays there as lines come in; whoever reads elsewhere stays where he is.
 */
function LogList({ lines }: { readonly lines: readonly string[] }): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  const [, draw] = useReducer((times: number) => times + 1, 0);
  const made = useRef<Virtualizer<HTMLElement, HTMLElement> | null>(null);
  const options: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count: lines.length,
    overscan: lines.length <= SHORT_LOG ? SHORT_LOG : OVERSCAN,
    getScrollElement: () => element.current,
    estimateSize: () => LINE_HEIGHT_PX,
    paddingStart: PADDING_PX,
    paddingEnd: PADDING_PX,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: LINE_HEIGHT_PX,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => draw(0),
  };
  const virtualizer = (made.current ??= new Virtualizer(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), []);
  // After the list has its new height: it may be scrolled to its end.
  useLayoutEffect(() => virtualizer._willUpdate());
  /** The browser would glide there, past lines whose height is not known yet, and stop where one is found to be higher. */
  const jump = (event: KeyboardEvent): void => {
    if (event.shiftKey || (event.key !== 'Home' && event.key !== 'End')) return;
    event.preventDefault();
    if (event.key === 'End') virtualizer.scrollToEnd();
    else virtualizer.scrollToOffset(0);
  };
  return (
    <div ref={element} class="log" role="group" aria-label="Log lines" tabIndex={0} onKeyDown={jump}>
      <div role="list" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => (
          <div
            key={index}
            ref={(line) => virtualizer.measureElement(line)}
            role="listitem"
            data-index={index}
            aria-posinset={index + 1}
            aria-setsize={lines.length}
            style={{ transform: `translateY(${start}px)` }}
          >
            {lines[index]}
          </div>
        ))}
      </div>
    </div>
  );
}
