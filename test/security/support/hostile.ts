import fc from 'fast-check';
import type { SentRequest } from './send.js';

/** Put into sensitive params only, so that any answer that has it has leaked it. */
export const SECRET = 'card-5105-1051-SECRET';

const TEXTS = [
  "' OR 1=1 --",
  '"; DROP TABLE tasks_task; --',
  "x' UNION SELECT sql FROM sqlite_master --",
  '%',
  '_%_%_%_%_%_%',
  '*'.repeat(200),
  '(a+)+$',
  `${'a'.repeat(900)}!`,
  '\u0000',
  '\ud800',
  '\u202e',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '${7*7}',
  '<script>alert(1)</script>',
  'NaN',
  '1e999',
  '-0',
  '9'.repeat(40),
];

const hostileText = fc.oneof(
  { arbitrary: fc.constantFrom(...TEXTS), weight: 3 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 60 }), weight: 2 },
  { arbitrary: fc.string({ maxLength: 2_000 }), weight: 1 },
);

/** Hostile or right, so that a request gets past the first check often enough to meet the next. */
function mostly(right: string, ...more: string[]): fc.Arbitrary<string> {
  return fc.oneof({ arbitrary: fc.constantFrom(right, ...more), weight: 2 }, { arbitrary: hostileText, weight: 1 });
}

const jsonValue = fc.oneof(
  hostileText,
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(0, -1, 1e308, Number.MAX_SAFE_INTEGER, true, false, null),
  fc.constant({ ['__proto__']: { polluted: true } }),
);

const params = fc.oneof(
  fc.record({ amount: jsonValue, card: fc.constant(SECRET) }),
  fc.constant({ amount: 1, card: SECRET }),
  fc.dictionary(hostileText, jsonValue, { maxKeys: 5 }),
  jsonValue,
);

const enqueue = fc
  .record(
    {
      queue: mostly('default', 'emails', ''),
      name: mostly('order', 'greet', 'nightly'),
      params,
      delay: fc.oneof(fc.constantFrom('5m', 10, -1, '1 parsec'), jsonValue),
      runAt: fc.oneof(fc.constantFrom('2031-01-01T00:00:00Z', 8.64e15, 8.64e15 + 1, '2031-13-45T99:99:99Z'), jsonValue),
      priority: fc.oneof(fc.constantFrom(1, 1e7, 0.5), jsonValue),
      ['__proto__']: jsonValue,
      extra: jsonValue,
    },
    { requiredKeys: ['queue', 'name', 'params'] },
  )
  // Only the class of this name says that they are sensitive.
  .map((whole) => (whole.name === 'order' ? whole : { ...whole, params: withoutSecret(whole.params) }));

function withoutSecret(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(SECRET, 'card'));
}

const bulk = fc.record(
  {
    action: mostly('cancel', 'retry', 'delete', 'run-now'),
    ids: fc.oneof(fc.array(hostileText, { maxLength: 5 }), jsonValue),
    filter: fc.oneof(
      fc.record(
        {
          state: mostly('queued'),
          queue: mostly('nowhere'),
          name: mostly('nothing'),
          search: hostileText,
          error: hostileText,
          from: jsonValue,
          to: jsonValue,
        },
        { requiredKeys: [] },
      ),
      jsonValue,
    ),
  },
  { requiredKeys: ['action'] },
);

/** JSON that is right, hostile or none, up to well beyond what is read. */
const body = fc.oneof(
  { arbitrary: enqueue.map((value) => JSON.stringify(value)), weight: 6 },
  { arbitrary: bulk.map((value) => JSON.stringify(value)), weight: 3 },
  { arbitrary: jsonValue.map((value) => JSON.stringify(value)), weight: 2 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 500 }), weight: 1 },
  { arbitrary: fc.uint8Array({ maxLength: 500 }), weight: 1 },
  {
    arbitrary: fc.constantFrom(
      '{"queue":"default","queue":"emails","name":"greet","params":{}}',
      '['.repeat(40_000),
      `{"queue":"default","name":"greet","params":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_001)}`,
      `{${Array.from({ length: 5_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
      JSON.stringify({ queue: 'default', name: 'greet', params: { text: 'x'.repeat(50_000) } }),
      'x'.repeat(300_000),
    ),
    weight: 1,
  },
);

const query = fc
  .array(
    fc.tuple(
      mostly('state', 'queue', 'name', 'search', 'cursor', 'limit', 'window', 'order', 'from', 'to', 'error'),
      mostly(
        'failed',
        'default',
        '1h',
        '10',
        'oldest',
        '2031-01-01T00:00:00Z',
        'c2VxOjE',
        'YXVkaXQ6NQ',
        'c2VxOjk5OTk5OTk5OTk5OTk5OTk5OTk',
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${segment(name)}=${segment(value)}`).join('&'));

function segment(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd'));
}

const headers = fc
  .record(
    {
      'content-type': fc.constantFrom(
        'application/json',
        'application/json; charset=utf-16',
        'text/plain',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded',
        'application/;;json',
        '',
      ),
      'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
      accept: fc.constantFrom('text/html', '*/*', 'text/event-stream'),
      origin: fc.constantFrom('null', 'http://evil.example', 'file://', 'not an origin'),
      'sec-fetch-site': fc.constantFrom('cross-site', 'same-site', 'same-origin', 'none', 'x'),
      host: fc.constantFrom('localhost', 'evil.example', 'localhost.evil.example', '127.0.0.1:1', '[::1]', '@', ''),
      'x-forwarded-for': fc.constantFrom('127.0.0.1', ''),
      'x-http-method-override': fc.constantFrom('DELETE', 'PATCH'),
      'if-none-match': fc.constant('*'),
      range: fc.constant('bytes=0-'),
      cookie: fc.string({ unit: fc.constantFrom('=', ';', 'a', '%'), maxLength: 50 }),
      'x-long': fc.constant('y'.repeat(4_000)),
    },
    { requiredKeys: [] },
  )
  // Most requests must get past the guard to meet what is behind it.
  .chain((hostile) =>
    fc.constantFrom({ 'content-type': 'application/json' }, { 'content-type': 'application/json' }, hostile),
  );

/** @param ids of tasks that there are */
export function hostileRequest(ids: readonly string[]): fc.Arbitrary<SentRequest> {
  const id = mostly(...(ids as [string, ...string[]])).map(segment);
  const queue = mostly('default').map(segment);
  const cron = mostly('nightly').map(segment);
  const path = fc.oneof(
    fc.constantFrom('', '/', 'page.js', 'page.css', 'api', 'api/', 'api/queues', 'api/events', 'api/metrics'),
    { arbitrary: fc.constantFrom('api/tasks', 'api/tasks/bulk', 'api/crons'), weight: 4 },
    {
      arbitrary: fc.constantFrom('api/errors', 'api/audit', 'api/workers', 'api/handlers', 'api/engine', 'api/outbox'),
      weight: 2,
    },
    id.map((it) => `api/tasks/${it}`),
    fc.tuple(id, mostly('retry', 'cancel', 'run-now').map(segment)).map(([it, action]) => `api/tasks/${it}/${action}`),
    fc.tuple(queue, fc.constantFrom('pause', 'resume')).map(([it, action]) => `api/queues/${it}/${action}`),
    fc.tuple(cron, fc.constantFrom('trigger', 'pause', 'resume')).map(([it, action]) => `api/crons/${it}/${action}`),
    hostileText.map((text) => `api/${segment(text)}`),
  );
  const method = fc.oneof(
    { arbitrary: fc.constantFrom('GET', 'POST', 'POST', 'DELETE'), weight: 5 },
    { arbitrary: fc.constantFrom('PUT', 'PATCH', 'HEAD', 'OPTIONS'), weight: 1 },
  );
  const any = fc.record({
    method,
    path,
    query: fc.oneof(fc.constant(''), query),
    headers,
    body: fc.option(body, { nil: undefined }),
  });
  // What any combination hits too seldom: requests that are right but for what they carry.
  const right = { query: fc.constant(''), headers: fc.constant({ 'content-type': 'application/json' }) };
  const post = fc.record({
    ...right,
    method: fc.constant('POST'),
    path: fc.constant('api/tasks'),
    body: enqueue.map((whole) => JSON.stringify(whole)),
  });
  const order = fc.record({
    ...right,
    method: fc.constant('POST'),
    path: fc.constant('api/tasks'),
    body: params.map((given) => JSON.stringify({ queue: 'default', name: 'order', params: given })),
  });
  const read = fc.record({
    ...right,
    method: fc.constant('GET'),
    path: id.map((it) => `api/tasks/${it}`),
    body: fc.constant(undefined),
  });
  return fc.oneof({ arbitrary: any, weight: 6 }, post, order, read).map((drawn) => ({
    method: drawn.method,
    target: `/admin/tasks${drawn.path === '' ? '' : `/${drawn.path}`}${drawn.query ? `?${drawn.query}` : ''}`,
    headers: { host: 'localhost', connection: 'close', ...drawn.headers },
    ...(drawn.body !== undefined && { body: drawn.body }),
  }));
}
