import type { OutboxRow } from '../../lib/outbox/outbox-table.js';

/** A row as a driver gives it that has numbers as text. */
export const ROW: OutboxRow = {
  position: '1',
  id: 'one',
  queue: 'default',
  name: 'work',
  params: '{}',
  priority: '3',
  run_at: '10',
  created_at: '9',
  max_attempts: '2',
  settings: null,
  sensitive: '[]',
  parent_id: null,
  traits: null,
};
