import { describeModel } from '../describe-model.js';
import { RARE_STEPS_MUTANTS, STEPS_MUTANTS } from './steps-mutants.js';
import { runStepsHistory, stepsHistory } from './steps.suite.js';

describeModel({
  title: 'SQLite engine, beside a model of durable steps',
  keeps: 'keeps to it',
  runs: 15,
  histories: stepsHistory,
  sound: runStepsHistory,
  // All of them with `STEPS_MUTANTS=all`.
  mutants: process.env.STEPS_MUTANTS === 'all' ? [...STEPS_MUTANTS, ...RARE_STEPS_MUTANTS] : STEPS_MUTANTS,
});
