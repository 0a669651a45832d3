export { paramsFields, type ParamsField } from './params-fields.js';
export { schemaFields } from './schema-fields.js';
export { classOf, ParamsCodec, type EncodedParams } from './params-codec.js';
export { encodeResult, type EncodedResult } from './result-codec.js';
export { type Redact, TaskSecrets } from './secrets.js';
export { maskSensitive, SENSITIVE_MASK, type SensitivePath } from './sensitive-path.js';
export { markSensitive } from './sensitive-paths.js';
export { isSchema, type ParamsType, type StandardSchema } from './standard-schema.js';
export { TaskFailureParams } from './task-failure.params.js';
