import type { TaskSummary } from '../../contract/index.js';
import type { EngineContext } from '../port/index.js';

/**
 * Params as a reader may see them.
 * @param text as it is stored
 * @param sensitive the paths that are never shown
 */
export function readableParams(
  text: string,
  sensitive: readonly string[],
  mask: EngineContext['mask'],
): Pick<TaskSummary, 'params' | 'paramsUnreadable'> {
  try {
    const params: unknown = JSON.parse(text);
    return { params: sensitive.length > 0 ? mask(params, sensitive) : params };
  } catch {
    return { params: null, paramsUnreadable: true };
  }
}
