export { addedId } from './added-task.js';
export { MAX_WORKFLOW_EDGES, MAX_WORKFLOW_NODES, MAX_WORKFLOW_TASKS } from './graph.js';
export type { NodeOptions } from './node-options.js';
export { NodeRef } from './node-ref.js';
export { resultOf, resultsOf } from './results-of.js';
export { workflowsOf } from './supported.js';
export { WorkflowBuilder, type WorkflowOptions } from './workflow-builder.js';
export type { WorkflowParts } from './workflow-parts.js';
export { WorkflowRun, type WorkflowResultOptions } from './workflow-run.js';
