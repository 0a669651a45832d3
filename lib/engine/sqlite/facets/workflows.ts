import type { EntityManager } from 'typeorm';
import type { Workflow, WorkflowPage, WorkflowProgress } from '../../../contract/index.js';
import type {
  AddAnswer,
  EngineContext,
  NewTask,
  NewWorkflow,
  ResultsPage,
  StartAnswer,
  StepLease,
  WorkflowAnswer,
  WorkflowEnd,
  Workflows,
} from '../../port/index.js';
import { addToNode } from '../sql/add-to-node.js';
import { listWorkflows } from '../sql/list-workflows.js';
import { readEnd, readProgress, readResults, readWorkflow } from '../sql/read-workflows.js';
import { runScript } from '../sql/run-script.js';
import { isLarge, startInChunks } from '../sql/start-in-chunks.js';
import { startWorkflow, startWorkflowWithin } from '../sql/start-workflow.js';
import { cancelWorkflow, retryWorkflow } from '../sql/steer-workflows.js';
import type { SqliteStore } from '../sqlite-store.js';

export class SqliteWorkflows implements Workflows {
  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock'>,
  ) {}

  async start(workflow: NewWorkflow, within?: EntityManager): Promise<StartAnswer> {
    const { connection, writer, workflowSettler, lapser } = this.store.opened;
    const now = this.context.clock.now();
    if (within) connection.assertSameDatabase(within);
    if (within?.queryRunner?.isTransactionActive) {
      const answer = await startWorkflowWithin(within, workflow, now);
      // Whether and when it commits is not told here: they look again when they see that something was.
      workflowSettler.expect(workflow.deadlineAt ?? Infinity);
      lapser.expect(now);
      return answer;
    }
    if (isLarge(workflow)) return startInChunks(writer, this.context.clock, workflow);
    return writer.write((transaction) => runScript(transaction, startWorkflow(workflow, now, transaction)));
  }

  async add(lease: StepLease, task: NewTask): Promise<AddAnswer> {
    const now = this.context.clock.now();
    return this.store.opened.writer.write((transaction) => addToNode(transaction, lease, task, now));
  }

  async progress(id: string): Promise<WorkflowProgress | null> {
    return this.store.opened.connection.read((database) => readProgress(database, id));
  }

  async get(id: string): Promise<Workflow | null> {
    return this.store.opened.connection.read((database) => readWorkflow(database, id));
  }

  async list(query: Parameters<Workflows['list']>[0]): Promise<WorkflowPage> {
    return this.store.opened.connection.read((database) => listWorkflows(database, query));
  }

  async results(id: string, name: string, after: number | null): Promise<ResultsPage> {
    return this.store.opened.connection.read((database) => readResults(database, id, name, after));
  }

  async end(id: string): Promise<WorkflowEnd | null> {
    return this.store.opened.connection.read((database) => readEnd(database, id));
  }

  async cancel(id: string): Promise<WorkflowAnswer> {
    return this.store.opened.writer.write((transaction) => cancelWorkflow(transaction, id));
  }

  async retry(id: string, from: string | null): Promise<WorkflowAnswer> {
    const now = this.context.clock.now();
    return this.store.opened.writer.write((transaction) => retryWorkflow(transaction, id, from, now));
  }
}
