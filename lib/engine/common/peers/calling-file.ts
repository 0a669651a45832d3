/**
 * Path or URL of the file whose function calls this; in a bundle, of that. Neither `import.meta` nor `__filename` is there
 * in both builds of the package.
 */
export function callingFile(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 2;
    Error.prepareStackTrace = (_error, [, caller]) => caller?.getFileName();
    return new Error('Where am I?').stack;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
