export { hasFreeWork } from './free-work.js';
export { type HealthReport, type LatencyCheck, type LivenessLimits, TasksHealth } from './tasks-health.js';
export { WorkPhase } from './work-phase.js';
