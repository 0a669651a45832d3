// Reminders that move with their appointment, and go with it.
//   curl -X PUT  -H 'content-type: application/json' -d '{"at":"2027-05-01T09:00:00Z"}' http://127.0.0.1:3000/appointments/7
//   curl -X DELETE http://127.0.0.1:3000/appointments/7
import 'reflect-metadata';
import { Body, Controller, Delete, Module, Param, Put } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Task, TaskDispatcher, TaskHandler, TasksModule } from 'nestjs-tasks';

const HOUR_MS = 3_600_000;
/** Hours before the appointment at which there is a reminder. */
const REMINDERS = [24, 1];

@TaskHandler('remind', { queue: 'reminders' })
class RemindHandler {
  handle({ appointment, hours }: { appointment: string; hours: number }): void {
    console.log(`Appointment ${appointment} is in ${hours} h`);
  }
}

@Controller('appointments')
class AppointmentsController {
  constructor(private readonly tasks: TaskDispatcher) {}

  /** Makes an appointment, or moves it. Called twice, by a client that was cut off, it does nothing twice. */
  @Put(':id')
  async put(@Param('id') appointment: string, @Body() { at }: { at: string }): Promise<{ reminders: string[] }> {
    const tasks: Task[] = [];
    for (const hours of REMINDERS) {
      const runAt = new Date(Date.parse(at) - hours * HOUR_MS);
      const task = await this.tasks.queue(
        'reminders',
        'remind',
        { appointment, hours },
        { id: `remind:${appointment}:${hours}`, runAt, tags: { appointment } },
      );
      tasks.push(task.enqueued ? task : await this.tasks.update(task.id, { runAt }));
    }
    return { reminders: tasks.map(({ runAt }) => new Date(runAt).toISOString()) };
  }

  @Delete(':id')
  async remove(@Param('id') appointment: string): Promise<{ cancelled: number }> {
    const { changed } = await this.tasks.bulk('cancel', { tags: { appointment }, states: ['scheduled'] });
    return { cancelled: changed };
  }
}

@Module({
  imports: [TasksModule.forRoot({ workers: { reminders: 1 } })],
  controllers: [AppointmentsController],
  providers: [RemindHandler],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
