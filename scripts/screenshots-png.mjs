// Makes a picture of a page smaller: its 256 most used colours stand for all. Pages have few colours and much text, whose
// edges are the only ones that change.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const MAX_COLOURS = 256;
/** Squared; of two colours that are of a kind. */
const MIN_DISTANCE = 1_500;
const BYTES_PER_PIXEL = { 2: 3, 6: 4 };

/** @param png 8 bits a channel, without interlacing, as a browser writes it */
export function withFewColours(png) {
  const { width, height, size, pixels } = decode(png);
  const counts = new Map();
  const colours = new Uint32Array(width * height);
  for (let at = 0; at < colours.length; at++) {
    const from = at * size;
    const colour = (pixels[from] << 16) | (pixels[from + 1] << 8) | pixels[from + 2];
    colours[at] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = paletteOf(counts);
  const places = new Map(palette.map((colour, place) => [colour, place]));
  const lines = Buffer.alloc(height * (width + 1));
  for (let at = 0; at < colours.length; at++) {
    const colour = colours[at];
    if (!places.has(colour)) places.set(colour, nearest(palette, colour));
    lines[at + Math.floor(at / width) + 1] = places.get(colour);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits a pixel, which are a place in the palette.
  header.set([8, 3, 0, 0, 0], 8);
  const table = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', table),
    chunk('IDAT', deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The most used colours, but first one of each kind: a small dot is red, however few pixels it has. */
function paletteOf(counts) {
  const byUse = [...counts].sort(([, one], [, other]) => other - one).map(([colour]) => colour);
  const kinds = [];
  for (const colour of byUse) {
    if (kinds.length === MAX_COLOURS / 2) break;
    if (kinds.every((other) => distance(colour, other) > MIN_DISTANCE)) kinds.push(colour);
  }
  return [...new Set([...kinds, ...byUse])].slice(0, MAX_COLOURS);
}

function distance(colour, other) {
  const red = (colour >> 16) - (other >> 16);
  const green = ((colour >> 8) & 255) - ((other >> 8) & 255);
  const blue = (colour & 255) - (other & 255);
  return red * red + 2 * green * green + blue * blue;
}

function nearest(palette, colour) {
  let best = 0;
  let least = Infinity;
  for (const [place, other] of palette.entries()) {
    const far = distance(colour, other);
    if (far < least) [best, least] = [place, far];
  }
  return best;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function decode(png) {
  const parts = [];
  let header = null;
  for (let at = SIGNATURE.length; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') header = data;
    if (type === 'IDAT') parts.push(data);
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const size = BYTES_PER_PIXEL[header[9]];
  if (header[8] !== 8 || size === undefined || header[12] !== 0) throw new Error('This is no picture of a browser.');
  const data = inflateSync(Buffer.concat(parts));
  const stride = width * size;
  const pixels = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x < size ? 0 : pixels[y * stride + x - size];
      const up = y === 0 ? 0 : pixels[(y - 1) * stride + x];
      const corner = y === 0 || x < size ? 0 : pixels[(y - 1) * stride + x - size];
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      pixels[y * stride + x] = data[y * (stride + 1) + 1 + x] + predicted;
    }
  }
  return { width, height, size, pixels };
}

function paeth(left, up, corner) {
  const [byLeft, byUp, byCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}
