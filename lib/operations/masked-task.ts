import type { TaskSummary } from '../contract/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import { maskSensitive, type ParamsCodec } from '../params/index.js';

/** The parts that tell which params of a task must not be shown. */
export interface MaskParts {
  readonly registry: Pick<HandlerRegistry, 'get'>;
  readonly codec: Pick<ParamsCodec, 'sensitivePaths'>;
}

/** The engine masked what was sensitive when the task was stored; this masks what the task's params class calls so now. */
export function maskedTask<T extends TaskSummary>(task: T, { registry, codec }: MaskParts): T {
  const paths = codec.sensitivePaths(registry.get(task.name)?.params ?? null);
  return paths.length === 0 ? task : { ...task, params: maskSensitive(task.params, paths) };
}
