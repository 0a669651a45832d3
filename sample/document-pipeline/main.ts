// A document is split, its pages are rendered, a task each, and joined. Kill it whenever you like.
//   seq -f 'Page %.0f' 1500 | tr '\n' '\f' | curl -X PUT -H 'content-type: text/plain' --data-binary @- http://127.0.0.1:3000/documents/7
//   curl http://127.0.0.1:3000/documents/7
// The panel shows it at http://127.0.0.1:3000/admin/tasks#/workflows
import 'reflect-metadata';
import { Controller, Get, Module, Param, Put, type RawBodyRequest, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { TaskDispatcher, TasksModule } from 'nestjs-tasks';
import { Documents } from './documents.js';
import { ApologiseHandler, JoinHandler, RenderPageHandler, SplitHandler } from './pipeline.handlers.js';

@Controller('documents')
class DocumentsController {
  constructor(
    private readonly tasks: TaskDispatcher,
    private readonly documents: Documents,
  ) {}

  /** Whoever sends it twice starts it once. */
  @Put(':id')
  async put(@Param('id') id: string, @Req() { rawBody }: RawBodyRequest<object>): Promise<{ started: boolean }> {
    await this.documents.keep(id, rawBody?.toString() ?? '');
    const w = this.tasks.workflow('document', { deadline: '1h', tags: { document: id } });
    const split = w.add('documents', 'split', { document: id });
    w.add('documents', 'join', { document: id }, { after: split });
    w.add('documents', 'apologise', { document: id }, { after: split, when: 'failed' });
    const { started } = await w.start({ id: `document:${id}` });
    return { started };
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<object> {
    const run = this.tasks.workflowRun(`document:${id}`);
    const { state, percent, tasks, nodes } = await run.progress();
    return { state, percent, tasks, nodes, ...(state === 'completed' && { result: await run.result() }) };
  }
}

@Module({
  imports: [TasksModule.forRoot({ database: 'documents.db', workers: { documents: 2, pages: 8 } })],
  controllers: [DocumentsController],
  providers: [Documents, SplitHandler, RenderPageHandler, JoinHandler, ApologiseHandler],
})
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { rawBody: true });
app.useBodyParser('text', { limit: '16mb' });
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
