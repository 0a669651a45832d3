import { MAX_LISTED_STEP_BYTES } from '../../contract/index.js';
import type { EngineContext } from '../port/index.js';

/** Whether what a step gave is too large to be listed. */
export function isLargeStep(json: string): boolean {
  return Buffer.byteLength(json) > MAX_LISTED_STEP_BYTES;
}

/** What a step gave, or what came with a signal, without what is sensitive of it. */
export function shownStepJson(json: string, sensitive: readonly string[], mask: EngineContext['mask']): unknown {
  const value: unknown = JSON.parse(json);
  return sensitive.length === 0 ? value : mask(value, sensitive);
}
