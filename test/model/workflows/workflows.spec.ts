import { describeModel } from '../describe-model.js';
import { RARE_WORKFLOW_MUTANTS, WORKFLOW_MUTANTS } from './workflows-mutants.js';
import { runWorkflowsHistory, workflowsHistory } from './workflows.suite.js';

describeModel({
  title: 'SQLite engine, beside a model of workflows',
  keeps: 'keeps to it',
  runs: 15,
  histories: workflowsHistory,
  sound: runWorkflowsHistory,
  // All of them with `WORKFLOW_MUTANTS=all`.
  mutants: process.env.WORKFLOW_MUTANTS === 'all' ? [...WORKFLOW_MUTANTS, ...RARE_WORKFLOW_MUTANTS] : WORKFLOW_MUTANTS,
});
