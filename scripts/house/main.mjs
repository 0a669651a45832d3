// The house in figures, and its plan as a picture: `npm run house` prints the figures, `npm run house -- --draw` also draws
// docs/images/architecture.svg. Both are made from the code and from the floors of floors.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { circles, graphOf, linesOf, roomOf, sources } from './sources.mjs';

const floors = JSON.parse(readFileSync(new URL('floors.json', import.meta.url), 'utf8'));
const rooms = floors.flatMap((floor) => Object.keys(floor.rooms));
const all = sources();
const library = all.filter(({ path }) => path.startsWith('lib/'));
const size = (room) => {
  const files = library.filter(({ path }) => roomOf(path, rooms) === room);
  return { files: files.length, lines: files.reduce((sum, file) => sum + linesOf(file), 0) };
};

const longest = library
  .map((file) => ({ path: file.path, lines: linesOf(file) }))
  .toSorted((a, b) => b.lines - a.lines)[0];
const facets = library
  .filter(({ path }) => path.startsWith('lib/engine/port/'))
  .flatMap(({ code }) => [...code.matchAll(/^export interface (\w+ing) \{\n([^]*?)^\}/gm)])
  .map(([, name, body]) => ({ name, methods: [...body.matchAll(/^ {2}\w+\??\(/gm)].length }))
  .toSorted((a, b) => b.methods - a.methods);
const inCircles = circles(graphOf(all, (path) => path));

console.log(
  `lib                ${library.length} files, ${library.reduce((sum, file) => sum + linesOf(file), 0)} lines`,
);
for (const room of rooms) {
  const { files, lines } = size(room);
  console.log(`  ${room.padEnd(16)} ${String(files).padStart(3)} files, ${String(lines).padStart(5)} lines`);
}
console.log(`longest file       ${longest.path}, ${longest.lines} lines`);
console.log(`widest facet       ${facets[0]?.name}, ${facets[0]?.methods} methods of ${facets.length} facets`);
console.log(`circles of files   ${inCircles.length}, types included`);

if (process.argv.includes('--draw')) {
  writeFileSync('docs/images/architecture.svg', picture());
  console.log('drawn              docs/images/architecture.svg');
}

/**
 * Floors from the front at the top to the ground. A line goes from a room to what it imports, but for what it reaches by
 * way of another line.
 */
function picture() {
  const WIDTH = 1120;
  const FLOOR = 96;
  const LEFT = 190;
  const top = floors.length - 1;
  const places = new Map();
  for (const [height, { rooms: own }] of floors.entries()) {
    const names = Object.keys(own);
    const gap = (WIDTH - LEFT) / names.length;
    for (const [index, name] of names.entries()) {
      const shift = names.length === 1 ? ((height % 3) - 1) * 150 : 0;
      places.set(name, { x: LEFT + gap * (index + 0.5) + shift, y: (top - height) * FLOOR + 48 });
    }
  }
  const graph = graphOf(library, (path) => roomOf(path, rooms));
  const edges = [...graph].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((between) => between !== to && reaches(graph, between, to)))
      .map((to) => line(places.get(from), places.get(to))),
  );
  const bands = floors.map(
    ({ floor }, height) =>
      `<rect x="0" y="${(top - height) * FLOOR + 4}" width="${WIDTH}" height="${FLOOR - 8}" rx="6" class="floor"/>` +
      `<text x="14" y="${(top - height) * FLOOR + 52}" class="name">${floor}</text>`,
  );
  const boxes = [...places].map(([name, { x, y }]) => {
    const { files, lines } = size(name);
    return (
      `<rect x="${x - 92}" y="${y - 26}" width="184" height="52" rx="5" class="room"/>` +
      `<text x="${x}" y="${y - 3}" class="title">${name}</text>` +
      `<text x="${x}" y="${y + 16}" class="size">${files} files, ${lines} lines</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${floors.length * FLOOR}" role="img" aria-label="The rooms of the library by floor, with what each imports">
<style>
text { font: 14px system-ui, sans-serif; fill: #1c2733 }
.floor { fill: #eef2f6 } .room { fill: #fff; stroke: #50667d } .name { fill: #50667d }
.title { text-anchor: middle; font-weight: 600 } .size { text-anchor: middle; font-size: 12px; fill: #50667d }
path { fill: none; stroke: #50667d; stroke-opacity: 0.6; stroke-width: 1.3 }
</style>
<rect width="100%" height="100%" fill="#fff"/>
${[...bands, ...edges, ...boxes].join('\n')}
</svg>
`;
}

function line(from, to) {
  const middle = (from.y + to.y) / 2;
  return `<path d="M${from.x} ${from.y + 26} C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.y - 26}"/>`;
}

function reaches(graph, from, to) {
  return [...(graph.get(from) ?? [])].some((next) => next === to || reaches(graph, next, to));
}
