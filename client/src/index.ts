export { type FieldProblem, ParleyError, type ProblemFields } from './parley-error.ts';
