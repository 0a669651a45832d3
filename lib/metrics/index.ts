export { TasksMetrics } from './tasks-metrics.js';
