export { findProblems } from './find-problems.js';
export type { Problem, ProblemKind, ProblemPlace, Situation } from './problem.js';
