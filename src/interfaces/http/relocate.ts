import { DomainError, type ErrorCode } from '../../domain/errors.ts';

/** A use case names problems by its own arguments. Here those of one code are moved to where they stand in the request. */
export async function relocate<T>(answer: Promise<T>, code: ErrorCode, pathOf: (path: string) => string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== code) throw error;
    const problems = error.problems.map(({ path, message }) => ({ path: pathOf(path), message }));
    throw new DomainError(code, error.message, { problems });
  }
}
