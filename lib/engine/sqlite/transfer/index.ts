export { SqliteTransfer, type SqliteTransferOptions } from './sqlite-transfer.js';
