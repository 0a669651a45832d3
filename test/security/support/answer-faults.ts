import type { ReceivedAnswer, SentRequest } from './send.js';

/** What tells of the inside: frames of a stack, the library's and its host's files, the store's own words. */
const INSIDE = [
  /\n\s*at .+[:(]/,
  /node_modules/,
  /\.[cm]?[jt]s:\d+/,
  /file:\/\//,
  /SQLITE_|SqliteError|QueryFailedError|near ".*": syntax error/,
];

/** Beyond this Fastify's router matches no parameter of a path. */
const MAX_SEGMENT_LENGTH = 100;

/** Whether no route of the panel is meant, so that an error is the app's own: it need not be a problem document. */
export function isLeftToApp({ method, target }: SentRequest): boolean {
  const path = target.split('?', 1)[0]!;
  if (path.includes('//') || path.endsWith('/')) return true;
  if (!path.startsWith('/admin/tasks/api')) return method !== 'GET' && method !== 'HEAD';
  return path.split('/').some((segment) => decodeURIComponent(segment).length > MAX_SEGMENT_LENGTH);
}

export interface AnswerRules {
  /** Values that must stand in no answer. */
  readonly secrets: readonly string[];
  /** Folders that must not be named. */
  readonly folders: readonly string[];
}

/** What is wrong with an answer of the panel, whatever was asked; empty where it is as it must be. */
export function answerFaults(request: SentRequest, answer: ReceivedAnswer, rules: AnswerRules): string[] {
  const { secrets, folders } = rules;
  const faults: string[] = [];
  const whole = `${JSON.stringify(answer.headers)}\n${answer.text}`;
  if (answer.status >= 500 && answer.status !== 503) faults.push(`status ${answer.status}`);
  // A stack inside JSON has its line ends escaped.
  const spelled = whole.replaceAll('\\n', '\n').replaceAll('\\\\', '\\');
  // The page's script is a bundle, which names the packages that are in it.
  const inside = answer.headers['content-type']?.startsWith('text/javascript') ? [] : INSIDE;
  for (const pattern of inside) if (pattern.test(spelled)) faults.push(`tells of the inside: ${pattern.source}`);
  for (const folder of folders) if (whole.includes(folder)) faults.push(`names the folder ${folder}`);
  for (const secret of secrets) if (whole.includes(secret)) faults.push(`shows a secret`);
  if (answer.status >= 400 && !isLeftToApp(request)) faults.push(...problemFaults(answer));
  return faults;
}

function problemFaults({ status, headers, text }: ReceivedAnswer): string[] {
  const type = String(headers['content-type']).split(';')[0];
  if (type !== 'application/problem+json') return [`an error of type ${type}`];
  // An answer to HEAD has no body.
  if (text === '') return [];
  const problem = JSON.parse(text) as { status?: unknown; code?: unknown; detail?: unknown };
  const isProblem = problem.status === status && typeof problem.code === 'string' && typeof problem.detail === 'string';
  return isProblem ? [] : ['a problem document without its members'];
}
