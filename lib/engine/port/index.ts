export type { Acting } from './acting.js';
export type { Auditing } from './auditing.js';
export type { Delivering } from './delivering.js';
export type { EnqueueAnswer, Enqueueing } from './enqueueing.js';
export type { AwaitedTask, AwaitedTasks, Inspecting } from './inspecting.js';
export type { FlowChange, Keying } from './keying.js';
export type { Limiting } from './limiting.js';
export type { Relaying } from './relaying.js';
export type { Scheduling, Triggered } from './scheduling.js';
export type { Sharing } from './sharing.js';
export type { ByHand, HandFedAttempt, HandFedEngine } from './by-hand.js';
export type { NewSignal, StepAnswer, StepBounds, StepLease, StepPage, Stepping } from './stepping.js';
export type { StepPlace, StepRecord } from './step-record.js';
export type {
  AddAnswer,
  StartAnswer,
  NewNode,
  NewWorkflow,
  ResultsPage,
  WorkflowAnswer,
  WorkflowEnd,
  Workflows,
} from './workflows.js';
export type { WatchOptions, Watching } from './watching.js';
export { ABORT_GRACE_MS, CLOSING_GRACE_MS } from './delivery.js';
export type { ConsumeOptions, Consumer, DeliveredTask, Delivery, Outcome, RunTask, TaskResult } from './delivery.js';
export { type EngineCapabilities, NO_CAPABILITIES } from './engine-capabilities.js';
export { type EngineChange, MAX_CHANGED_IDS } from './engine-change.js';
export type { EngineContext, EngineLogger } from './engine-context.js';
export type { NewTask } from './new-task.js';
export type { TaskEngine } from './task-engine.js';
export {
  type MoveMark,
  type MovedState,
  type StoreBook,
  type StoreLimits,
  type StoredTask,
  type TransferStore,
  MOVED_AT_A_TIME,
  describeWorker,
  movingMessage,
  sizeOfStored,
} from './transfer-store.js';
export type { EngineKind, OptionProblem } from './engine-kind.js';
