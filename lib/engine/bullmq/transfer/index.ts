export { BullmqTransfer, type BullmqTransferOptions } from './bullmq-transfer.js';
