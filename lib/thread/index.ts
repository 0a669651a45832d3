export { LIBRARY_FUNCTIONS } from './library-functions.js';
export { threadFile } from './thread-file.js';
