export { plainLines } from './plain-lines.js';
export { seldomErrors } from './seldom-errors.js';
