import { whileBusy } from '../../common/index.js';
import { isBusy } from './sqlite-errors.js';

/** Opens or reads, again and again while another process holds the file. */
export function patiently<T>(attempt: () => T | Promise<T>): Promise<T> {
  return whileBusy(attempt, isBusy);
}
