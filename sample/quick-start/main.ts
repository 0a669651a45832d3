import 'reflect-metadata';
import { Logger, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
// Lets running handlers end, or hands their tasks back, when the process is told to stop.
app.enableShutdownHooks();

// Loopback only: the app has no log-in.
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
const url = await app.getUrl();
new Logger('QuickStart').log(`Listening on ${url} · panel: ${url}/admin/tasks`);
