export { whenItIs, type CancelTimer, type Clock } from './clock.js';
export {
  afterThisCallback,
  clearImmediate,
  clearInterval,
  clearTimeout,
  isMachineClock,
  monotonicTime,
  queueMicrotask,
  setImmediate,
  setInterval,
  setTimeout,
  sleep,
  SystemClock,
  timeOfProcess,
  turn,
  wallTime,
  watchForSetBack,
} from './machine-time.js';
export { ManualClock } from './manual-clock.js';
