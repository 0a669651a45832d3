export { isObject } from './is-object.js';
export type { Checked } from './checked.js';
export { checkDuration, MAX_DURATION_MS, parseDuration } from './duration.js';
export { given } from './given.js';
export {
  DEFAULT_PAGE_SIZE,
  LEASE_BOUNDS,
  MAX_BULK_IDS,
  MAX_FILTER_VALUES,
  MAX_CONCURRENCY,
  MAX_KEY_WEIGHT,
  MAX_PAGE_SIZE,
  MAX_KEPT_TASKS,
  MAX_LOST_ATTEMPTS,
  MAX_NAME_LENGTH,
  MAX_PRIORITY,
  MAX_RETRIES,
  MAX_CONTEXT_BYTES,
  MAX_STEP_NAME_LENGTH,
  MAX_TAGS,
  MAX_TASK_ID_LENGTH,
  MAX_TIME,
  PARAMS_SIZE_BOUNDS,
  RESULT_SIZE_BOUNDS,
  SHUTDOWN_GRACE_BOUNDS,
  TIMEOUT_BOUNDS,
} from './limits.js';
export {
  type Check,
  type OptionChecks,
  boolean,
  checkWith,
  durationValue,
  fraction,
  inCodeOnly,
  listWith,
  mapOf,
  object,
  oneOf,
  orFalse,
  wholeNumber,
} from './option-checks.js';
export { type OptionsSource, OptionPlace, toSnakeCase } from './option-place.js';
export { checkQueueName } from './queue-name.js';
export { checkPauseSelector } from './pause-selector.js';
export { checkRateLimit } from './rate-limit.js';
export { InvalidRequestError, RequestFields, type WrongField } from './request-fields.js';
export { checkTaskKey, taskKeyOf } from './task-key.js';
export { checkKeysQuery, checkPriority, checkQueueChange } from './queue-change.js';
export { checkOwnId } from './own-id.js';
export { shownNumber, shownSize, shownValue } from './shown-value.js';
export { checkSize } from './size.js';
export { checkTags } from './tags.js';
export {
  checkAction,
  checkListQuery,
  checkMetricsQuery,
  checkObject,
  checkQueue,
  checkTarget,
  checkTaskId,
  checkTaskName,
} from './task-arguments.js';
export { isText, storableText, unstorable } from './text.js';
