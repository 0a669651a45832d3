import type { AdminOptions, CronOverride, QueueRetentionOptions } from './options.js';
import type { CheckedOptions, CheckedQueue } from './module-options.js';

/**
 * Options of the code over those of the file, key by key; within `queues`, `limits`, `crons`, `retention` and `admin` too.
 * `workers` is taken as a whole. `database`, `dataSource` and `engine` are answers to one question: code's is taken.
 */
export function mergeOptions(file: CheckedOptions, code: CheckedOptions): CheckedOptions {
  const codeSaysWhere = (code.database ?? code.dataSource ?? code.engine) !== undefined;
  const { database, dataSource, engine } = codeSaysWhere ? code : file;
  return {
    ...file,
    ...code,
    database,
    dataSource,
    engine,
    retention: mergeRetention(file.retention, code.retention),
    queues: mergeQueues(file.queues, code.queues),
    limits: file.limits || code.limits ? new Map([...(file.limits ?? []), ...(code.limits ?? [])]) : undefined,
    crons: mergeCrons(file.crons, code.crons),
    admin: mergeAdmin(file.admin, code.admin),
  };
}

function mergeRetention(file?: QueueRetentionOptions, code?: QueueRetentionOptions): QueueRetentionOptions | undefined {
  return file || code ? { ...file, ...code } : undefined;
}

function mergeQueues(
  file: Map<string, CheckedQueue> = new Map(),
  code: Map<string, CheckedQueue> = new Map(),
): Map<string, CheckedQueue> {
  const merged = new Map(file);
  for (const [name, queue] of code) {
    const below = file.get(name);
    const key = below?.key || queue.key ? { ...below?.key, ...queue.key } : undefined;
    merged.set(name, { ...below, ...queue, key, retention: mergeRetention(below?.retention, queue.retention) });
  }
  return merged;
}

function mergeCrons(
  file: Map<string, CronOverride> = new Map(),
  code: Map<string, CronOverride> = new Map(),
): Map<string, CronOverride> {
  const merged = new Map(file);
  for (const [name, override] of code) merged.set(name, { ...file.get(name), ...override });
  return merged;
}

function mergeAdmin(file?: AdminOptions | false, code?: AdminOptions | false): AdminOptions | false | undefined {
  if (!file || code === false || code === undefined) return code ?? file;
  return { ...file, ...code };
}
