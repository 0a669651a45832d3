import type { Pool } from 'pg';
import { wallTime } from '../../../clock/index.js';
import type { JobHold, JobSuspension, SignalEnd, StepRows } from '../steps/step-rows.js';
import { StepsTogether } from '../steps/together.js';
import { SIGNAL_BOUNDS, type SignalText, type StepTexts } from '../steps/stored-steps.js';

/** Whether the attempt of the token holds the lock. */
const IS_HELD = `queue = $1 AND id = $2 AND state = 'active' AND lock_token = $3 AND attempts_started = $4`;
const SIGNALS = `coalesce(opts->'signals', '[]'::jsonb)`;

const READ_STEPS = `SELECT opts->'steps' AS steps, opts->'signals' AS signals FROM job WHERE queue = $1 AND id = $2`;

/** $6: which of the signals is taken, from 0 on; null: none. */
const RECORD_STEP = `
  WITH recorded AS (
    UPDATE job
       SET opts = opts || jsonb_build_object(
             'stepped', true,
             'steps', coalesce(opts->'steps', '{}'::jsonb) || $5::jsonb,
             'signals', CASE WHEN $6::int IS NULL THEN ${SIGNALS} ELSE ${SIGNALS} - $6::int END)
     WHERE ${IS_HELD}
    RETURNING id)
  SELECT publish_event($1, 'stepped', jsonb_build_object('jobId', id)) FROM recorded`;

const IS_OVER = `
  $8::bigint <= $9::bigint OR EXISTS (
    SELECT FROM jsonb_array_elements(${SIGNALS}) AS sent WHERE $6::jsonb->'signals' ? (sent->>'name'))`;

/** As BullMQ's function move_to_delayed, or as its promote where what is waited for is over. */
const SUSPEND_JOB = `
  WITH moved AS (
    UPDATE job
       SET opts = opts || jsonb_build_object(
             'stepped', true, 'steps', coalesce(opts->'steps', '{}'::jsonb) || $5::jsonb, 'waits', $6::jsonb),
           stacktrace = $7::jsonb, failed_reason = $10, lock_token = NULL, locked_until_ms = NULL,
           state = CASE WHEN ${IS_OVER} THEN 'waiting' ELSE 'delayed' END::job_state,
           process_at_ms = CASE WHEN ${IS_OVER} THEN NULL ELSE $8::bigint END,
           delay_ms = CASE WHEN ${IS_OVER} THEN 0 ELSE $8::bigint - $9::bigint END,
           seq = CASE WHEN ${IS_OVER} THEN nextval('job_seq') ELSE seq END
     WHERE ${IS_HELD}
    RETURNING id, state, process_at_ms)
  SELECT state, pg_notify('bullmq_jobs', $1),
         publish_event($1, state::text, jsonb_build_object('jobId', id, 'delay', process_at_ms))
    FROM moved`;

const IS_SUSPENDED = `state = 'delayed' AND opts->'waits'->>'started' = attempts_started::text`;

const SEND_SIGNAL = `
  WITH sent AS (
    UPDATE job
       SET opts = opts || jsonb_build_object(
             'signals', ${SIGNALS} || jsonb_build_object('name', $3::text, 'text', $4::text)),
           state = CASE WHEN ${IS_SUSPENDED} AND opts->'waits'->'signals' ? $3 THEN 'waiting' ELSE state END,
           process_at_ms = CASE WHEN ${IS_SUSPENDED} AND opts->'waits'->'signals' ? $3 THEN NULL ELSE process_at_ms END,
           delay_ms = CASE WHEN ${IS_SUSPENDED} AND opts->'waits'->'signals' ? $3 THEN 0 ELSE delay_ms END,
           seq = CASE WHEN ${IS_SUSPENDED} AND opts->'waits'->'signals' ? $3 THEN nextval('job_seq') ELSE seq END
     WHERE queue = $1 AND id = $2 AND state NOT IN ('completed', 'failed')
       AND jsonb_array_length(${SIGNALS}) < $5
       AND octet_length((${SIGNALS})::text) + octet_length($4::text) <= $6
    RETURNING id)
  SELECT pg_notify('bullmq_jobs', $1), publish_event($1, 'signalled', jsonb_build_object('jobId', id)) FROM sent`;

const IS_LIVE = `SELECT FROM job WHERE queue = $1 AND id = $2 AND state NOT IN ('completed', 'failed')`;

const WAKE_JOB = `
  WITH woken AS (
    UPDATE job SET state = 'waiting', process_at_ms = NULL, delay_ms = 0, seq = nextval('job_seq')
     WHERE queue = $1 AND id = $2 AND ${IS_SUSPENDED}
    RETURNING id)
  SELECT pg_notify('bullmq_jobs', $1), publish_event($1, 'waiting', jsonb_build_object('jobId', id)) FROM woken`;

const FORGET_STEPS = `
  UPDATE job SET opts = opts || jsonb_build_object('steps', coalesce(opts->'steps', '{}'::jsonb) - $3::text[])
   WHERE queue = $1 AND id = $2 AND state IN ('failed', 'delayed')`;

/**
 * Steps among a job's options, the one place in BullMQ's table that no call of its own writes again: `steps` by address,
 * `signals` in their order, and `waits`. Each is changed by itself, so that nothing of what comes meanwhile is lost.
 */
export class PostgresSteps implements StepRows {
  private readonly together = new StepsTogether((hold, steps) => this.write(hold, steps, null));

  constructor(private readonly pool: Pool) {}

  async read(queue: string, id: string): Promise<StepTexts> {
    const { rows } = await this.pool.query<Partial<OptsWithSteps>>(READ_STEPS, [queue, id]);
    const { steps, signals } = rows[0] ?? {};
    return { steps: steps ?? {}, signals: (signals ?? []).map((signal, index) => ({ ...signal, at: String(index) })) };
  }

  record(hold: JobHold, address: string, text: string, taken: SignalText | null): Promise<boolean> {
    return taken ? this.write(hold, { [address]: text }, taken) : this.together.record(hold, address, text);
  }

  private async write(
    { queue, id, token, started }: JobHold,
    steps: Readonly<Record<string, string>>,
    taken: SignalText | null,
  ): Promise<boolean> {
    const values = [queue, id, token, started, JSON.stringify(steps), taken && Number(taken.at)];
    return (await this.pool.query(RECORD_STEP, values)).rowCount === 1;
  }

  async suspend(
    { queue, id, token, started }: JobHold,
    { steps, signals, due, failedReason, stacktrace }: JobSuspension,
  ): Promise<'delayed' | 'waiting' | null> {
    const waits = JSON.stringify({ started: String(started), signals });
    const now = wallTime();
    const { rows } = await this.pool.query<{ state: 'delayed' | 'waiting' }>(SUSPEND_JOB, [
      queue,
      id,
      token,
      started,
      JSON.stringify(steps),
      waits,
      stacktrace,
      due,
      now,
      failedReason,
    ]);
    return rows[0]?.state ?? null;
  }

  async signal(queue: string, id: string, { name, text }: Pick<SignalText, 'name' | 'text'>): Promise<SignalEnd> {
    const values = [queue, id, name, text, SIGNAL_BOUNDS.signals, SIGNAL_BOUNDS.bytes];
    if ((await this.pool.query(SEND_SIGNAL, values)).rowCount === 1) return 'stored';
    return (await this.pool.query(IS_LIVE, [queue, id])).rowCount === 1 ? 'full' : 'ended';
  }

  async wake(queue: string, id: string): Promise<boolean> {
    return (await this.pool.query(WAKE_JOB, [queue, id])).rowCount === 1;
  }

  async forget(queue: string, id: string, addresses: readonly string[]): Promise<boolean> {
    return (await this.pool.query(FORGET_STEPS, [queue, id, addresses])).rowCount === 1;
  }
}

interface OptsWithSteps {
  readonly steps: Readonly<Record<string, string>>;
  readonly signals: ReadonlyArray<Pick<SignalText, 'name' | 'text'>>;
}

/** What the options of a job have that has these steps. */
export function optsOf({ steps, signals }: StepTexts): OptsWithSteps {
  return { steps, signals: signals.map(({ name, text }) => ({ name, text })) };
}
