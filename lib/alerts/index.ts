export { AlertWatch } from './alert-watch.js';
