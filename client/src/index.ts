export type * from './contract.ts';
export { ParleyError, type ParleyErrorCode, type ProblemFields } from './parley-error.ts';
export type * from './state.ts';
