import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { isLaterMissing, type LaterViews, laterViews, loadLater } from '../core/later.js';
import { Notice } from '../ui/bits.js';

/** A view that comes with the second script. */
export function Later({ view }: { readonly view: (views: LaterViews) => JSX.Element }): JSX.Element {
  useEffect(() => void loadLater(), []);
  if (laterViews.value) return view(laterViews.value);
  if (!isLaterMissing.value) return <Notice>Reading …</Notice>;
  return (
    <p class="problem-line" role="alert">
      This part of the page could not be loaded.{' '}
      <button type="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </p>
  );
}
