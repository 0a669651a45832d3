import type { EngineLogger } from '../../engine/port/index.js';

/** Control characters but line feed and tabulator; a terminal obeys those that follow escape, and C1 too. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * A logger whose lines do nothing but say something: text of tasks, such as the message of an error, may hold sequences
 * that a terminal obeys, and line breaks after which it looks like a line of its own.
 */
export function plainLines(logger: EngineLogger): EngineLogger {
  return {
    ...(logger.debug ? { debug: (message: string) => logger.debug!(plain(message)) } : {}),
    log: (message) => logger.log(plain(message)),
    warn: (message) => logger.warn(plain(message)),
    error: (message, stack) =>
      stack === undefined ? logger.error(plain(message)) : logger.error(plain(message), plain(stack)),
  };
}

function plain(text: string): string {
  return text.replaceAll(CONTROL, escaped).replaceAll(/\n(?! )/g, '\n    ');
}

function escaped(character: string): string {
  return character === '\r' ? '\\r' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
