interface Action {
  readonly title: string;
  readonly path: string;
  readonly body: object;
}

/** What can be done with the app, for its first page. */
export const ACTIONS: readonly Action[] = [
  { title: 'Sign up: a welcome mail', path: '/signup', body: { email: 'grace@example.com', name: 'Grace' } },
  { title: 'Import 42,049 rows', path: '/imports', body: {} },
  { title: 'The same slowly, to watch its progress or to kill the app', path: '/imports', body: { batchSize: 20 } },
  {
    title: 'Order: the receipt is enqueued within the transaction',
    path: '/orders',
    body: { email: 'grace@example.com', product: 'Book', quantity: 2 },
  },
  {
    title: 'Order whose payment is declined: no order, no mail',
    path: '/orders',
    body: { email: 'grace@example.com', product: 'Book', quantity: 2, declinePayment: true },
  },
  { title: 'Report that fails twice, then succeeds', path: '/reports/flaky', body: {} },
  { title: 'Report that fails until its retries are used up', path: '/reports/broken', body: {} },
  { title: 'Report that is not worth a retry', path: '/reports/impossible', body: {} },
  { title: 'Clean up: done every night by cron, too', path: '/cleanup', body: { olderThanDays: 30 } },
];
