import type { JSX } from 'preact';
import type { Task } from '../api-types.js';
import { Copy } from '../ui/bits.js';
import { JsonTree } from '../ui/json-tree.js';

/** What the task's handler returned. */
export function ResultPart({ task: { result } }: { readonly task: Task }): JSX.Element {
  return (
    <section class="panel" aria-label="Result">
      <div class="panel-head">
        <h2>Result</h2>
      </div>
      <div class="json">
        <JsonTree value={result} />
      </div>
      <Copy label="Copy as JSON" text={() => JSON.stringify(result, null, 2)} />
    </section>
  );
}
