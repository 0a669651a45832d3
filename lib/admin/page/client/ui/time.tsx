import { signal, useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { link } from '../core/live.js';
import { clockTime, duration, exact, relative, serverNow } from '../format.js';

/**
 * The present by the server's clock, told once a second while somebody sees the page. It stands while the connection is
 * lost: what was read then would go on growing old by itself, as if it were still so.
 */
export const present = signal(serverNow());
setInterval(() => {
  if (!document.hidden && link.value !== 'lost') present.value = serverNow();
}, 1_000);

/** A moment as people read it, with the exact one on hover. */
export function Ago({ at }: { readonly at: number | null }): JSX.Element {
  if (at === null) return <>–</>;
  return <Moment key={at} at={at} />;
}

function Moment({ at }: { readonly at: number }): JSX.Element {
  const text = useComputed(() => relative(at - present.value));
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {text}
    </time>
  );
}

/** How long something lasts that began then. */
export function Lasting({ since }: { readonly since: number | null }): JSX.Element {
  if (since === null) return <>–</>;
  return <Length key={since} since={since} />;
}

function Length({ since }: { readonly since: number }): JSX.Element {
  const text = useComputed(() => duration(Math.max(0, present.value - since)));
  return (
    <time dateTime={new Date(since).toISOString()} title={`since ${exact(since)}`}>
      {text}
    </time>
  );
}

/** A moment by the clock, in milliseconds, in the time zone of whoever looks. */
export function ClockTime({ at }: { readonly at: number }): JSX.Element {
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {clockTime(at)}
    </time>
  );
}
