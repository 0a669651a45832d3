import { type FlowJob, FlowProducer, Worker } from 'bullmq';
import { AT_ONCE, type Contestant, Countdown, startAll, STEPS } from './contestant.js';

const queueName = 'workflows';

/** BullMQ's flows on Redis: who waits is the parent of what it waits for. */
export class BullmqFlows implements Contestant {
  private readonly connection: { host: string; port: number; maxRetriesPerRequest: null };
  private readonly ended = new Countdown();
  private producer!: FlowProducer;
  private worker!: Worker;

  constructor(store: string) {
    const { hostname, port } = new URL(store);
    this.connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
  }

  async open(): Promise<void> {
    const { connection } = this;
    this.producer = new FlowProducer({ connection });
    this.producer.on('error', () => undefined);
    const work = async ({ name }: { name: string }): Promise<void> => {
      if (name === 'last') this.ended.count();
    };
    this.worker = new Worker(queueName, work, { connection, concurrency: AT_ONCE });
    this.worker.on('error', () => undefined);
    await this.worker.waitUntilReady();
  }

  async sequences(count: number): Promise<void> {
    const all = this.ended.of(count);
    await startAll(count, () => {
      let flow: FlowJob = { name: 'nothing', queueName };
      for (let node = 2; node <= STEPS; node += 1) {
        flow = { name: node === STEPS ? 'last' : 'nothing', queueName, children: [flow] };
      }
      return this.producer.add(flow);
    });
    await all;
  }

  async fan(width: number): Promise<void> {
    const all = this.ended.of(1);
    const children = Array.from({ length: width }, () => ({ name: 'nothing', queueName }));
    await this.producer.add({ name: 'last', queueName, children });
    await all;
  }

  async close(): Promise<void> {
    await this.worker.close(true);
    await this.producer.close();
  }
}
