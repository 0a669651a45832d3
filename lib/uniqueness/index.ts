export { claimOf, unfitClaim } from './claim-of.js';
export {
  type CoalesceParts,
  type DebounceTimes,
  type HandlerUniquenessOptions,
  type ThrottleTime,
  UNIQUENESS_OPTIONS,
  type UniquenessOptions,
  type UniqueKey,
  type UniqueKeyOf,
  type UniqueRelease,
} from './unique-options.js';
export { type UniqueRule, uniqueRule } from './unique-rule.js';
