import { useEffect, useMemo, useState } from 'preact/hooks';
import type { GraphLayout } from './graph-layout.js';
import type { GraphShape } from './graph-shape.js';

/** Enough to go back and forth between some workflows. */
const MAX_KEPT = 8;

/** Layouts by their shapes: one is computed once, however often states change and the page is left and come back to. */
const kept = new Map<string, GraphLayout>();

/** Null until it is there; `missing` where its script could not be loaded: the app is away, or has another version by now. */
export function useLayout(shape: GraphShape): GraphLayout | 'missing' | null {
  const key = useMemo(() => JSON.stringify(shape), [shape]);
  const [isMissing, setMissing] = useState(false);
  const [, setDrawn] = useState('');
  useEffect(() => {
    let isWanted = true;
    if (!kept.has(key)) {
      import('./graph.js')
        .then(({ layoutOf }) => {
          if (!isWanted) return;
          keep(key, layoutOf(shape));
          setDrawn(key);
        })
        .catch(() => setMissing(true));
    }
    return () => {
      isWanted = false;
    };
    // Another object of the same shape has the same layout.
  }, [key]);
  return kept.get(key) ?? (isMissing ? 'missing' : null);
}

function keep(key: string, layout: GraphLayout): void {
  kept.set(key, layout);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
}
