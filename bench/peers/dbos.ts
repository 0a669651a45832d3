import { DBOS } from '@dbos-inc/dbos-sdk';
import { type Contestant, startAll, STEPS } from '../workflows/contestant.js';

const nothing = async (): Promise<void> => undefined;
const child = DBOS.registerWorkflow(nothing, { name: 'child' });
const sequence = DBOS.registerWorkflow(
  async (): Promise<void> => {
    for (let step = 1; step <= STEPS; step += 1) await DBOS.runStep(nothing, { name: `step ${step}` });
  },
  { name: 'sequence' },
);
const fan = DBOS.registerWorkflow(
  async (width: number): Promise<void> => {
    const children = await Promise.all(Array.from({ length: width }, () => DBOS.startWorkflow(child)()));
    await Promise.all(children.map((each) => each.getResult()));
  },
  { name: 'fan' },
);

/**
 * DBOS on PostgreSQL, as it comes: more connections than its ten make it no faster. Workflows run in the process that starts
 * them, without a queue, which it would ask once a second.
 */
export class Dbos implements Contestant {
  constructor(private readonly store: string) {}

  async open(): Promise<void> {
    DBOS.setConfig({ name: 'bench', systemDatabaseUrl: this.store, logLevel: 'error' });
    await DBOS.launch();
  }

  async sequences(count: number): Promise<void> {
    const started: Array<{ getResult(): Promise<void> }> = [];
    await startAll(count, async () => started.push(await DBOS.startWorkflow(sequence)()));
    await Promise.all(started.map((each) => each.getResult()));
  }

  async fan(width: number): Promise<void> {
    const handle = await DBOS.startWorkflow(fan)(width);
    await handle.getResult();
  }

  close(): Promise<void> {
    return DBOS.shutdown();
  }
}
