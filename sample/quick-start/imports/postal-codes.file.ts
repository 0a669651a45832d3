import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import type { PostalCode } from './postal-code.entity.js';

/** Postal codes of the USA with their places: 42,049 rows of the package vega-datasets, collected by GeoNames (CC BY 4.0). */
export const POSTAL_CODES_FILE = createRequire(import.meta.url).resolve('vega-datasets/data/zipcodes.csv');

export type PostalCodeRow = Omit<PostalCode, 'id' | 'importId' | 'import'>;

interface Parsed {
  readonly record: Record<'zip_code' | 'latitude' | 'longitude' | 'city' | 'state' | 'county', string>;
  readonly info: { readonly bytes: number };
}

/**
 * Streams the file: no more than a batch of it is in memory.
 * @param skip number of rows at the beginning that are left out
 * @param size rows in a batch; the last may have fewer
 * @param use is awaited before the next batch is read; `percent` says how much of the file has been read
 */
export async function readPostalCodes(
  skip: number,
  size: number,
  use: (rows: PostalCodeRow[], percent: number) => Promise<void>,
): Promise<void> {
  const { size: fileSize } = await stat(POSTAL_CODES_FILE);
  await pipeline(
    createReadStream(POSTAL_CODES_FILE),
    parse({ columns: true, info: true, from: skip + 1 }),
    async (parsed: AsyncIterable<Parsed>) => {
      let batch: PostalCodeRow[] = [];
      for await (const { record, info } of parsed) {
        batch.push(toRow(record));
        if (batch.length < size) continue;
        await use(batch, (info.bytes / fileSize) * 100);
        batch = [];
      }
      if (batch.length > 0) await use(batch, 100);
    },
  );
}

function toRow(record: Parsed['record']): PostalCodeRow {
  return {
    zipCode: record.zip_code,
    latitude: Number(record.latitude),
    longitude: Number(record.longitude),
    city: record.city,
    state: record.state,
    county: record.county,
  };
}
