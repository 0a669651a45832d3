import { Queue, Worker } from 'bullmq';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BullmqOptions, bullmq } from '../../lib/engine/bullmq/index.js';
import { ForeignQueueError } from '../../lib/contract/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { AdminApp } from '../admin/support/admin-app.js';
import { bootApp, dispatcherOf, onTestEnd } from '../module/support.js';
import { until } from '../support/until.js';

/** A server on which other code of the app has queues. */
export interface ForeignSite {
  engine(): Promise<BullmqOptions>;
  queue(engine: BullmqOptions, name: string): Queue;
  worker(engine: BullmqOptions, name: string, process: () => Promise<void>): Worker;
  /** All that is stored of a queue, in a form that can be compared. */
  contents(engine: BullmqOptions, name: string): Promise<unknown>;
}

/** BullMQ queues that other code filled are shown, and never touched. */
export function describeForeignQueues(name: string, start: () => Promise<ForeignSite>): void {
  describe(`BullMQ queues of other code on ${name}`, () => {
    let site: ForeignSite;

    beforeAll(async () => {
      site = await start();
    });

    /** Two queues with jobs of the same ids, one of which has failed. */
    async function legacy() {
      const engine = await site.engine();
      // The store is there before other code uses it, as on PostgreSQL it needs its tables.
      await (await bootApp({ tasks: { database: undefined, engine: bullmq(engine), workers: false } })).close();
      const [emails, reports] = ['legacy-emails', 'legacy-reports'].map((queue) => site.queue(engine, queue));
      onTestEnd(async () => {
        await Promise.all([emails!.close(), reports!.close()]);
      });
      const job = await emails!.add('send', { to: 'ann@example.com' }, { attempts: 1 });
      const worker = site.worker(engine, 'legacy-emails', async () => {
        throw new TypeError('no such mailbox');
      });
      await until('the job to fail', async () => (await emails!.getJobState(job.id!)) === 'failed');
      await worker.close();
      await job.log('not JSON');
      await job.log('42');
      await emails!.add('send', { to: 'bob@example.com' }, { priority: 5 });
      await emails!.add('send', { to: 'cy@example.com' }, { delay: 3_600_000 });
      await reports!.add('print', { pages: 3 });
      return { engine, shown: bullmq({ ...engine, show: ['legacy-emails', 'legacy-reports'] }) };
    }

    it('are listed, opened and counted', async () => {
      const { shown } = await legacy();
      const tasks = dispatcherOf(await bootApp({ tasks: { database: undefined, engine: shown, workers: false } }));
      const stats = (await tasks.stats()).filter(({ foreign }) => foreign);
      expect(stats.map(({ queue, configured }) => [queue, configured])).toEqual([
        ['legacy-emails', false],
        ['legacy-reports', false],
      ]);
      expect(stats[0]!.counts).toMatchObject({ available: 1, scheduled: 1, failed: 1, running: 0 });
      const { items } = await tasks.list();
      expect(items).toHaveLength(4);
      expect(new Set(items.map(({ id }) => id)).size).toBe(4);
      const [failed] = (await tasks.list({ queue: 'legacy-emails', state: 'failed' })).items;
      expect(await tasks.get(failed!.id)).toMatchObject({
        queue: 'legacy-emails',
        name: 'send',
        params: { to: 'ann@example.com' },
        error: { name: 'TypeError', message: 'no such mailbox' },
        attempts: [{ attempt: 1, outcome: 'failed' }],
      });
      const [report] = (await tasks.list({ search: 'pages' })).items;
      expect(await tasks.get(report!.id)).toMatchObject({ queue: 'legacy-reports', params: { pages: 3 } });
    });

    it('are changed by nothing', async () => {
      const { engine, shown } = await legacy();
      const before = await site.contents(engine, 'legacy-emails');
      const ran: string[] = [];
      @TaskHandler('send')
      class Send {
        handle({ to }: { to: string }): void {
          ran.push(to);
        }
      }
      const options = { database: undefined, engine: shown, workers: 2 };
      const tasks: TaskDispatcher = dispatcherOf(await bootApp({ tasks: options, providers: [Send] }));
      const idOf = async (state: 'failed' | 'available' | 'scheduled') =>
        (await tasks.list({ queue: 'legacy-emails', state })).items[0]!.id;
      const [failed, available, scheduled] = await Promise.all([idOf('failed'), idOf('available'), idOf('scheduled')]);
      await expect(tasks.retry(failed)).rejects.toThrow(ForeignQueueError);
      await expect(tasks.cancel(available)).rejects.toThrow(/"legacy-emails" belongs to other code/);
      await expect(tasks.runNow(scheduled)).rejects.toThrow(ForeignQueueError);
      await expect(tasks.delete(failed)).rejects.toThrow(ForeignQueueError);
      await expect(tasks.bulk('delete', { ids: [failed, available] })).rejects.toThrow(ForeignQueueError);
      expect(await tasks.bulk('delete', { filter: { queue: 'legacy-emails' } })).toMatchObject({ changed: 0 });
      expect(await tasks.bulk('retry', { filter: { state: 'failed' } })).toMatchObject({ changed: 0 });
      await expect(tasks.pauseQueue('legacy-emails')).rejects.toThrow(ForeignQueueError);
      await expect(tasks.resumeQueue('legacy-emails')).rejects.toThrow(ForeignQueueError);
      await expect(tasks.queue('legacy-emails', 'send', {})).rejects.toThrow(/"legacy-emails" is not configured/);
      // The workers are there and would have taken what is theirs to take.
      await tasks.queue('default', 'send', { to: 'own' });
      await until('the own task to run', () => ran.length > 0);
      expect(ran).toEqual(['own']);
      expect(await site.contents(engine, 'legacy-emails')).toEqual(before);
    });

    it('are refused to the panel with a conflict', async () => {
      const { shown } = await legacy();
      const panel = await AdminApp.start({ tasks: { database: undefined as never, engine: shown, workers: false } });
      onTestEnd(() => panel.stop());
      const listed = await panel.get('tasks?queue=legacy-emails&state=failed');
      const [{ id }] = (listed.body as { items: [{ id: string }] }).items;
      expect(await panel.get(`tasks/${encodeURIComponent(id)}`)).toMatchObject({ status: 200 });
      const refused = { status: 409, body: { code: 'foreign_queue' } };
      expect(await panel.post(`tasks/${encodeURIComponent(id)}/retry`)).toMatchObject(refused);
      expect(await panel.post('queues/legacy-emails/pause')).toMatchObject(refused);
    });

    it('cannot be queues of this app', async () => {
      const engine = bullmq({ ...(await site.engine()), show: ['emails'] });
      const booted = bootApp({ tasks: { database: undefined, engine, workers: { emails: 1 } } });
      await expect(booted).rejects.toThrow(/"engine.bullmq.show": queue "emails" is one of this app's own/);
    });
  });
}
