/** Peers that an app has, but that this command found missing, and what each is for. */
const MISSING_PACKAGE = /Cannot find package '([^']+)'/;

/** The error as a person wants to read it: without a stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const missing = MISSING_PACKAGE.exec(error.message)?.[1];
  if (missing) return `The package ${missing} is not installed. Install it with: npm install ${missing}`;
  return error.message;
}
