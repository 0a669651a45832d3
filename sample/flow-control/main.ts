// One import at a time for each customer, mails under a provider's limit, and one refresh for a burst of edits.
// The panel, http://127.0.0.1:3000/admin/tasks, shows who waits for whom.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule, Shop } from './app.module.js';
import { MailProvider } from './mail-provider.js';

const provider = await MailProvider.start(3, 2_000);
const app = await NestFactory.create(AppModule.with(provider.url));
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');

const shop = app.get(Shop);
for (const customer of ['acme', 'globex']) {
  for (const file of ['a.csv', 'b.csv', 'c.csv']) await shop.upload(customer, file);
}
for (let number = 1; number <= 12; number += 1) await shop.mail(`${number}@example.com`);
for (const product of ['chair', 'table', 'lamp']) await shop.edit(product);

setInterval(() => {
  console.log(`${provider.sent.length} mails sent, ${provider.refused} times told to wait`);
}, 1_000).unref();
