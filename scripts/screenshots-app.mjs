// A small shop whose tasks have a day behind them: what scripts/screenshots.mjs takes pictures of.
// Plain JavaScript, so decorators are called as the functions that they are.
import 'reflect-metadata';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail, IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { Cron, Sensitive, TaskDispatcher, TaskHandler, TasksModule } from '../dist/esm/lib/index.js';

// The pictures are to show no machine in particular.
os.hostname = () => 'shop-1';
syncBuiltinESMExports();
const HERE = new RegExp(`(?:file://)?${path.resolve(import.meta.dirname, '..')}`, 'g');

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The machine's time, some hours back, which can be moved on. */
class ShiftedClock {
  #offset;
  #timers = new Set();

  constructor(offset) {
    this.#offset = offset;
  }

  now() {
    return Math.round(Date.now() + this.#offset);
  }

  schedule(delay, callback) {
    const timer = { at: this.now() + delay, callback, handle: null };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => this.#drop(timer);
  }

  moveTo(offset) {
    this.#offset = offset;
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer) {
    clearTimeout(timer.handle);
    const run = () => {
      this.#drop(timer);
      timer.callback();
    };
    timer.handle = setTimeout(run, Math.min(2 ** 31 - 1, Math.max(0, timer.at - this.now())));
    timer.handle.unref();
  }

  #drop(timer) {
    clearTimeout(timer.handle);
    this.#timers.delete(timer);
  }
}

/** @param decorators by the name of the property or method that they stand before */
function decorate(type, decorators) {
  for (const [name, list] of Object.entries(decorators)) {
    const descriptor = Object.getOwnPropertyDescriptor(type.prototype, name);
    for (const decorator of list) decorator(type.prototype, name, descriptor);
  }
  return type;
}

class SendEmailParams {}
decorate(SendEmailParams, {
  to: [IsEmail()],
  template: [IsIn(['welcome', 'receipt', 'reminder'])],
  subject: [IsOptional(), IsString(), MaxLength(120)],
  copies: [IsOptional(), IsInt(), Min(1), Max(5)],
  token: [IsOptional(), IsString(), Sensitive()],
});

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** The same figures on each run. */
let seed = 20_261_124;
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
};
const pick = (list) => list[Math.floor(random() * list.length)];

let isBadHour = false;

/** As it would be thrown in the shop's own source. */
function failure(name, message, place) {
  const error = Object.assign(new Error(message), { name });
  const [head, , ...frames] = error.stack
    .replace(HERE, '/app')
    .replaceAll('dist/esm', 'node_modules/nestjs-tasks/dist/esm')
    .split('\n');
  error.stack = [
    head.replace('Error', name),
    `    at ${place}`,
    ...frames.filter((line) => !line.includes('screenshots')),
  ].join('\n');
  return error;
}

class Shop {
  static dispatcher;

  async sendEmail() {
    await wait(4 + random() * 12);
    if (isBadHour || random() < 0.01) {
      throw failure(
        'MailServerError',
        `451 4.3.0 Mail server is busy, try again in ${30 + Math.floor(random() * 60)} s`,
        'MailService.send (/app/src/emails/mail.service.ts:41:13)',
      );
    }
  }

  async chargeCard(params, task) {
    task.log(`Asking the bank for order ${params.order}`);
    await wait(8 + random() * 20);
    if (random() < 0.05)
      throw failure(
        'PaymentDeclined',
        `Card of order ${params.order} was declined`,
        'PaymentsService.charge (/app/src/payments/payments.service.ts:28:13)',
      );
    task.log('Paid');
  }

  async placeOrder(params, task) {
    task.log(`Order ${params.order}: ${params.items.length} items`);
    await wait(3);
    await task.dispatcher.queue('payments', 'charge_card', { order: params.order, amount: params.amount });
    await task.dispatcher.queue('emails', 'send_email', { to: params.customer, template: 'receipt' });
  }

  async resizeImage() {
    await wait(10 + random() * 30);
    if (random() < 0.012)
      throw failure(
        'TypeError',
        "Cannot read properties of undefined (reading 'width')",
        'ImagesService.fit (/app/src/images/images.service.ts:63:35)',
      );
  }

  /** Runs until the pictures are taken. */
  async importCatalogue(_params, task) {
    task.log('Reading catalogue-2026-11.csv');
    task.progress(62, '31,204 of 50,331 rows');
    await new Promise((_resolve, reject) => {
      task.signal.addEventListener('abort', () => reject(task.signal.reason), { once: true });
    });
  }

  /** Those of the second half run until the pictures are taken. */
  async renderPage({ page }, task) {
    if (page < 72) return;
    await new Promise((_resolve, reject) => {
      task.signal.addEventListener('abort', () => reject(task.signal.reason), { once: true });
    });
  }

  async checkLinks() {
    throw failure(
      'BrokenLink',
      'https://shop.example/gifts answered 404',
      'LinksService.check (/app/src/links/links.service.ts:22:11)',
    );
  }

  async nightlyReport() {
    await wait(20);
  }

  async cleanUp() {
    await wait(5);
  }

  async syncStock() {
    await wait(5);
    if (random() < 0.4)
      throw failure(
        'WarehouseError',
        'The warehouse answered 503',
        'StockService.fetch (/app/src/stock/stock.service.ts:19:11)',
      );
  }
}
decorate(Shop, {
  sendEmail: [
    TaskHandler('send_email', { queue: 'emails', params: SendEmailParams, maxRetries: 1, retryDelay: '20s' }),
  ],
  chargeCard: [TaskHandler('charge_card', { queue: 'payments', maxRetries: 0 })],
  placeOrder: [TaskHandler('place_order', { queue: 'default' })],
  resizeImage: [TaskHandler('resize_image', { queue: 'images', maxRetries: 0 })],
  importCatalogue: [TaskHandler('import_catalogue', { queue: 'default' })],
  renderPage: [TaskHandler('render_page', { queue: 'pages' })],
  checkLinks: [TaskHandler('check_links', { queue: 'pages', maxRetries: 0 })],
  nightlyReport: [Cron('0 3 * * *', { name: 'nightly-report', timeZone: 'Europe/Paris' })],
  cleanUp: [Cron('*/30 * * * *', { name: 'clean-up' })],
  syncStock: [Cron('15 */2 * * MON-FRI', { name: 'sync-stock', timeZone: 'America/New_York', maxRetries: 0 })],
});

/** A workflow that is half done. Resolves to its id. @param {TaskDispatcher} dispatcher */
async function startCatalogue(dispatcher) {
  const w = dispatcher.workflow('winter-catalogue', { tags: { season: 'winter' } });
  const mail = { to: 'ada@example.com', template: 'reminder' };
  const articles = w.add('pages', 'render_page', { page: 0 }, { as: 'collect articles' });
  const links = w.add('pages', 'check_links', {}, { as: 'check links', after: articles });
  w.add('emails', 'send_email', mail, { as: 'tell the editor', after: links, when: 'failed' });
  const prices = w.add('default', 'import_catalogue', { file: 'prices.csv' }, { as: 'import prices', after: articles });
  const pages = w.each(
    'pages',
    'render_page',
    Array.from({ length: 120 }, (_, page) => ({ page })),
    { as: 'render pages', after: articles },
  );
  const bound = w.add('pages', 'render_page', { page: 1 }, { as: 'bind the pages', after: [pages, prices] });
  w.each(
    'emails',
    'send_email',
    Array.from({ length: 40 }, () => mail),
    { as: 'mail customers', after: bound },
  );
  w.add('pages', 'render_page', { page: 2 }, { as: 'clear away', after: bound, when: 'ended' });
  return (await w.start()).id;
}

/** Starts the app with its day behind it. @param directory for its database; it is empty */
export async function startApp(directory) {
  const hours = 24;
  const clock = new ShiftedClock(-hours * HOUR);
  class AppModule {}
  Module({
    imports: [
      TasksModule.forRoot({
        configFile: false,
        database: `${directory}/tasks.db`,
        clock,
        workers: { default: 4, emails: 8, payments: 4, images: 3, pages: 3 },
        admin: { access: 'local', user: () => 'ada@example.com' },
      }),
    ],
    providers: [Shop],
  })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const dispatcher = app.get(TaskDispatcher);
  let order = 48_100;

  const work = async (orders) => {
    const rows = Array.from({ length: orders }, () => ({
      order: order++,
      customer: `${pick(['ada', 'grace', 'alan', 'edsger', 'barbara', 'katherine'])}@example.com`,
      amount: 10 + Math.floor(random() * 400),
      items: Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
        sku: `SKU-${1000 + Math.floor(random() * 900)}`,
        quantity: 1,
      })),
    }));
    await dispatcher.queueMany('default', 'place_order', rows);
    await dispatcher.queueMany(
      'images',
      'resize_image',
      rows.map(({ order: id }) => ({ file: `orders/${id}.jpg`, width: 640 })),
    );
  };
  const ended = async () => {
    for (;;) {
      const stats = await dispatcher.stats();
      if (stats.every(({ counts }) => counts.available + counts.running === 0)) return;
      await wait(20);
    }
  };

  // Each half hour of the day, then each minute of the last hour.
  const steps = [];
  for (let back = hours * HOUR; back > HOUR; back -= 30 * MINUTE) steps.push(back);
  for (let back = HOUR; back >= MINUTE; back -= MINUTE) steps.push(back);
  for (const back of steps) {
    clock.moveTo(-back);
    const hour = new Date(clock.now()).getHours();
    const daily = 4 + 10 * Math.sin((Math.PI * Math.max(0, hour - 5)) / 18) ** 2;
    isBadHour = back > 5 * HOUR && back < 6.2 * HOUR;
    await work(Math.round(daily + random() * 6));
    await ended();
  }
  clock.moveTo(0);
  await work(9);
  await ended();

  // What the pictures show in other states.
  await dispatcher.queue('default', 'import_catalogue', { file: 'catalogue-2026-11.csv', dryRun: false });
  await dispatcher.queueIn('emails', '2h', 'send_email', {
    to: 'grace@example.com',
    template: 'reminder',
    token: 'secret',
  });
  await dispatcher.queueIn('emails', '3d', 'send_email', { to: 'alan@example.com', template: 'reminder' });
  await dispatcher.pauseQueue('images');
  await dispatcher.queueMany(
    'images',
    'resize_image',
    Array.from({ length: 14 }, (_, n) => ({ file: `banners/${n}.png`, width: 1200 })),
  );
  const workflow = await startCatalogue(dispatcher);
  while ((await dispatcher.getWorkflow(workflow)).tasks.ended < 75) await wait(20);
  await wait(300);
  const { port } = app.getHttpServer().address();
  return { app, dispatcher, workflow, url: `http://127.0.0.1:${port}/admin/tasks` };
}
