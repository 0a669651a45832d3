/** A table of the app, in whose transactions tasks are enqueued. */
export const CREATE_ORDERS = 'CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, placed_at TEXT)';
export const INSERT_ORDER = `INSERT INTO orders (id, placed_at) VALUES (?, datetime('now'))`;

export const CREATE_ORDERS_POSTGRES =
  'CREATE TABLE IF NOT EXISTS orders (id integer PRIMARY KEY, placed_at timestamptz)';
export const INSERT_ORDER_POSTGRES = 'INSERT INTO orders (id, placed_at) VALUES ($1, now())';
