import type { Redis } from 'ioredis';
import { wallTime } from '../../../clock/index.js';
import type { JobHold, JobSuspension, SignalEnd, StepRows } from '../steps/step-rows.js';
import { SIGNAL_BOUNDS, type SignalText, type StepTexts } from '../steps/stored-steps.js';
import type { TaskQueue } from '../task-job.js';

const STEP = 'step:';
const SIGNAL = 'signal:';

/** Keys that the scripts share, in the order of their `KEYS`. */
const KEYS = [
  'job',
  'lock',
  'delayed',
  'prioritized',
  'wait',
  'active',
  'stalled',
  'pc',
  'marker',
  'events',
  'completed',
  'failed',
] as const;
const [JOB, LOCK, DELAYED, PRIORITIZED, WAIT, ACTIVE, STALLED, COUNTER, MARKER, EVENTS, COMPLETED, FAILED] = KEYS.map(
  (_, index) => `KEYS[${index + 1}]`,
) as [string, string, string, string, string, string, string, string, string, string, string, string];

const TELL = `redis.call('XADD', ${EVENTS}, 'MAXLEN', '~', 10000, '*', 'event'`;
/** Whether the attempt of the token holds the lock. ARGV: id, token, count of attempts begun. */
const IS_HELD = `redis.call('GET', ${LOCK}) == ARGV[2] and redis.call('HGET', ${JOB}, 'ats') == ARGV[3]`;

/** With a job's first record its options say so, which every reader of the job has. */
const NOTE_STEPS = `
  local function noteSteps()
    if redis.call('HSETNX', ${JOB}, 'stepped', 1) == 0 then return end
    local opts = redis.call('HGET', ${JOB}, 'opts') or '{}'
    redis.call('HSET', ${JOB}, 'opts', '{"stepped":true' .. (opts == '{}' and '' or ',') .. string.sub(opts, 2))
  end`;

/** As BullMQ's own script promote has it. */
const MAKE_READY = `
  local function makeReady(id, prev)
    redis.call('HSET', ${JOB}, 'delay', 0)
    local priority = tonumber(redis.call('HGET', ${JOB}, 'priority')) or 0
    if priority > 0 then
      local score = priority * 0x100000000 + redis.call('INCR', ${COUNTER}) % 0x100000000
      redis.call('ZADD', ${PRIORITIZED}, score, id)
    else
      redis.call('LPUSH', ${WAIT}, id)
    end
    redis.call('ZADD', ${MARKER}, 0, '0')
    ${TELL}, 'waiting', 'jobId', id, 'prev', prev)
  end`;

/** What the last attempt waits for; nothing where another has begun since. */
const WAITS = `
  local function waits()
    local noted = redis.call('HGET', ${JOB}, 'waits')
    local found = noted and cjson.decode(noted)
    if found and found.started == redis.call('HGET', ${JOB}, 'ats') then return found end
  end`;

/** ARGV from the fourth on: field and value of the step, field of the signal that it takes. */
const RECORD = `
  ${NOTE_STEPS}
  if not (${IS_HELD}) then return 0 end
  if ARGV[6] ~= '' then
    local size = redis.call('HSTRLEN', ${JOB}, ARGV[6])
    if redis.call('HDEL', ${JOB}, ARGV[6]) == 0 then return 0 end
    redis.call('HINCRBY', ${JOB}, 'signals', -1)
    redis.call('HINCRBY', ${JOB}, 'signalBytes', -size)
  end
  noteSteps()
  redis.call('HSET', ${JOB}, ARGV[4], ARGV[5])
  ${TELL}, 'stepped', 'jobId', ARGV[1])
  return 1`;

/** ARGV from the fourth on: time, due, what is waited for, reason, stacks; fields and values of steps. */
const SUSPEND = `
  ${NOTE_STEPS}
  ${MAKE_READY}
  local id, now, due = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
  if not (${IS_HELD}) or redis.call('LREM', ${ACTIVE}, -1, id) < 1 then return 0 end
  redis.call('DEL', ${LOCK})
  redis.call('SREM', ${STALLED}, id)
  noteSteps()
  redis.call('HSET', ${JOB}, 'waits', ARGV[6], 'failedReason', ARGV[7], 'stacktrace', ARGV[8])
  for field = 9, #ARGV, 2 do redis.call('HSET', ${JOB}, ARGV[field], ARGV[field + 1]) end
  local isOver = due <= now
  if not isOver and (tonumber(redis.call('HGET', ${JOB}, 'signals')) or 0) > 0 then
    local wanted = {}
    for _, name in ipairs(cjson.decode(ARGV[6]).signals) do wanted[name] = true end
    for _, field in ipairs(redis.call('HKEYS', ${JOB})) do
      local name = string.match(field, '^${SIGNAL}%d+:(.*)$')
      if name and wanted[name] then isOver = true end
    end
  end
  if isOver then
    makeReady(id, 'active')
    return 2
  end
  redis.call('HSET', ${JOB}, 'delay', due - now)
  redis.call('ZADD', ${DELAYED}, due * 0x1000, id)
  ${TELL}, 'delayed', 'jobId', id, 'delay', ARGV[5])
  local first = redis.call('ZRANGE', ${DELAYED}, 0, 0, 'WITHSCORES')
  redis.call('ZADD', ${MARKER}, tonumber(first[2]) / 0x1000, '1')
  return 1`;

/** ARGV: id, name, text, most signals, most bytes of them. */
const SEND = `
  ${WAITS}
  ${MAKE_READY}
  local id = ARGV[1]
  if redis.call('EXISTS', ${JOB}) == 0 then return -1 end
  if redis.call('ZSCORE', ${COMPLETED}, id) or redis.call('ZSCORE', ${FAILED}, id) then return -1 end
  local count = tonumber(redis.call('HGET', ${JOB}, 'signals')) or 0
  local bytes = tonumber(redis.call('HGET', ${JOB}, 'signalBytes')) or 0
  if count >= tonumber(ARGV[4]) or bytes + #ARGV[3] > tonumber(ARGV[5]) then return 0 end
  local number = redis.call('HINCRBY', ${JOB}, 'signalled', 1)
  redis.call('HSET', ${JOB}, '${SIGNAL}' .. number .. ':' .. ARGV[2], ARGV[3])
  redis.call('HINCRBY', ${JOB}, 'signals', 1)
  redis.call('HINCRBY', ${JOB}, 'signalBytes', #ARGV[3])
  local open = waits()
  for _, name in ipairs(open and open.signals or {}) do
    if name == ARGV[2] and redis.call('ZREM', ${DELAYED}, id) == 1 then makeReady(id, 'delayed') end
  end
  ${TELL}, 'signalled', 'jobId', id)
  return 1`;

const WAKE = `
  ${WAITS}
  ${MAKE_READY}
  if not waits() or redis.call('ZREM', ${DELAYED}, ARGV[1]) == 0 then return 0 end
  makeReady(ARGV[1], 'delayed')
  return 1`;

/** ARGV from the second on: fields of steps. */
const FORGET = `
  local id = ARGV[1]
  if not redis.call('ZSCORE', ${FAILED}, id) and not redis.call('ZSCORE', ${DELAYED}, id) then return 0 end
  for field = 2, #ARGV do redis.call('HDEL', ${JOB}, ARGV[field]) end
  return 1`;

/**
 * Steps as fields of the hash that a job is in Redis, which goes with the job: `step:<address>` and `signal:<number>:<name>`,
 * beside `signals`, `signalBytes` and `signalled` that count those, and `waits`. BullMQ reads the fields that it knows.
 */
export class RedisSteps implements StepRows {
  constructor(
    private readonly shared: Redis,
    private readonly queueOf: (name: string) => TaskQueue,
  ) {}

  async read(queue: string, id: string): Promise<StepTexts> {
    return textsIn(await this.shared.hgetall(this.queueOf(queue).toKey(id)));
  }

  async record({ queue, id, token, started }: JobHold, address: string, text: string, taken: SignalText | null) {
    const values = [id, token, started, `${STEP}${address}`, text, taken ? taken.at : ''];
    return (await this.run(RECORD, queue, id, values)) === 1;
  }

  async suspend(
    { queue, id, token, started }: JobHold,
    { steps, signals, due, failedReason, stacktrace }: JobSuspension,
  ): Promise<'delayed' | 'waiting' | null> {
    const waits = JSON.stringify({ started: String(started), signals });
    const fields = Object.entries(steps).flatMap(([address, text]) => [`${STEP}${address}`, text]);
    const values = [id, token, started, wallTime(), due, waits, failedReason, stacktrace, ...fields];
    const moved = await this.run(SUSPEND, queue, id, values);
    return moved === 0 ? null : moved === 1 ? 'delayed' : 'waiting';
  }

  async signal(queue: string, id: string, { name, text }: Pick<SignalText, 'name' | 'text'>): Promise<SignalEnd> {
    const sent = await this.run(SEND, queue, id, [id, name, text, SIGNAL_BOUNDS.signals, SIGNAL_BOUNDS.bytes]);
    return sent === 1 ? 'stored' : sent === 0 ? 'full' : 'ended';
  }

  async wake(queue: string, id: string): Promise<boolean> {
    return (await this.run(WAKE, queue, id, [id])) === 1;
  }

  async forget(queue: string, id: string, addresses: readonly string[]): Promise<boolean> {
    return (await this.run(FORGET, queue, id, [id, ...addresses.map((address) => `${STEP}${address}`)])) === 1;
  }

  private run(script: string, queue: string, id: string, values: ReadonlyArray<string | number>): Promise<unknown> {
    const from = this.queueOf(queue);
    const keys = KEYS.map((key) => from.toKey(key === 'job' ? id : key === 'lock' ? `${id}:lock` : key));
    return this.shared.eval(script, keys.length, ...keys, ...values);
  }
}

/** The fields of a job that has these steps, but for its options. */
export function fieldsOf({ steps, signals }: StepTexts): Record<string, string | number> {
  const fields: Record<string, string | number> = {};
  for (const [address, text] of Object.entries(steps)) fields[`${STEP}${address}`] = text;
  for (const [index, { name, text }] of signals.entries()) fields[`${SIGNAL}${index + 1}:${name}`] = text;
  const bytes = signals.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return { ...fields, stepped: 1, signals: signals.length, signalBytes: bytes, signalled: signals.length };
}

function textsIn(hash: Readonly<Record<string, string>>): StepTexts {
  const steps: Record<string, string> = {};
  const signals: Array<SignalText & { readonly number: number }> = [];
  for (const [field, text] of Object.entries(hash)) {
    if (field.startsWith(STEP)) steps[field.slice(STEP.length)] = text;
    const [, number, name] = /^signal:(\d+):(.*)$/s.exec(field) ?? [];
    if (number !== undefined) signals.push({ name: name!, text, at: field, number: Number(number) });
  }
  return { steps, signals: signals.toSorted((a, b) => a.number - b.number) };
}
