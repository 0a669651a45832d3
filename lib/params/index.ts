export { maskSensitive, SENSITIVE_MASK } from './mask-sensitive.js';
export { paramsFields, type ParamsField } from './params-fields.js';
export { ParamsCodec, type EncodedParams } from './params-codec.js';
export { redact, redactor, type Redact } from './redact.js';
export type { SensitivePath } from './sensitive-path.js';
export { markSensitive } from './sensitive-properties.js';
export { sensitiveValues } from './sensitive-values.js';
