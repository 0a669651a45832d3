export { ID_SLACK_MS, idAt, LAST_ID_MS, tellsTime } from './id-times.js';
export { describeLoss } from './describe-loss.js';
export { holdOff } from './hold-off.js';
export { whileBusy } from './while-busy.js';
export {
  ERROR_POINTS,
  ErrorGroups,
  MAX_GROUPS_LISTED,
  errorGroupKey,
  messagePattern,
  occurrenceOf,
} from './error-groups.js';
export { dataSourceOf } from './data-source-of.js';
export { loadPeer, requirePeer } from './peers/load-peer.js';
export { NO_TICKS, openTicks, isOpen, type PlannedSchedule, tickBefore, type TickRecord } from './tick-record.js';
export { TicksAhead } from './ticks-ahead.js';
export { haveSameTicks, taskOfRun, withLastRuns } from './ticks.js';
export { type TakenTicks, takenTicks } from './taken-ticks.js';
export { withDeadlines } from './deadlines.js';
export { callingFile } from './peers/calling-file.js';
export { abort, type Abortable, InHand } from './in-hand.js';
export { cursorTo, pageOf, placeOf } from './cursor.js';
export { isInTime } from './in-time.js';
export { isAnyOf, meetsFacts, meetsText, statesOf } from './filter.js';
export { withVersion } from './with-version.js';
export { shownTraits } from './shown-traits.js';
export { waitingTask } from './waiting-task.js';
export { readableParams } from './readable-params.js';
export { lapseError, lapseOf, nextLapse, withoutLapsed } from './lapse.js';
export { ofCancelled, ofUnhandled } from './outcome-in-effect.js';
export { recordedAs } from './recorded-as.js';
export {
  type HeldVerdict,
  isHeld,
  joinedParams,
  type KeyTask,
  replacedRunAt,
  storedKey,
  takenKey,
  type TakenKey,
  verdictOn,
} from './unique-claims.js';
export { failureTask } from './failure-task.js';
export { isLargeStep, shownStepJson } from './shown-step.js';
export { waitingFor } from './waiting-for.js';
