import { describeModel } from '../describe-model.js';
import { sqliteSite } from '../sqlite-site.js';
import { FLOW_MUTANTS, RARE_FLOW_MUTANTS } from './flow-mutants.js';
import { flowHistory, runFlowHistory } from './flow.suite.js';

describeModel({
  title: 'SQLite engine, beside a model of limits, pauses and unique keys',
  keeps: 'keeps to its rules',
  runs: 8,
  histories: flowHistory,
  sound: (history, patience) => runFlowHistory(sqliteSite, history, patience),
  // All of them with `FLOW_MUTANTS=all`.
  mutants: process.env.FLOW_MUTANTS === 'all' ? [...FLOW_MUTANTS, ...RARE_FLOW_MUTANTS] : FLOW_MUTANTS,
});
