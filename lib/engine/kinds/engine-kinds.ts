import { bullmqKind, type BullmqOptions } from '../bullmq/index.js';
import type { EngineKind } from '../port/index.js';

/** An engine other than the embedded one, as `bullmq(…)` returns it and the file has it. */
export interface EngineOption {
  bullmq: BullmqOptions;
}

/** The engines that {@link EngineOption} may name. */
export const ENGINE_KINDS: { readonly [K in keyof EngineOption]: EngineKind<EngineOption[K]> } = { bullmq: bullmqKind };
