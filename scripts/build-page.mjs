// Builds the admin page into lib/admin/page/page.assets.ts, as text: the package then has no files to find at run time,
// whether it is loaded as ESM, as CommonJS or out of a bundle.
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(`../lib/admin/page/${relative}`, import.meta.url));

/**
 * The scripts by their names, the entry's first, and the style.
 * @param {string} entry
 */
async function bundle(entry) {
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    root: path('client'),
    // Beside the page, under whatever path the app has it.
    base: './',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      target: 'es2023',
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      modulePreload: false,
      cssCodeSplit: false,
      // Not as a library: whose text vite leaves with all its spaces.
      rolldownOptions: {
        input: path(entry),
        // What several scripts need is in the first, which the others then ask for.
        preserveEntrySignatures: 'allow-extension',
        output: { entryFileNames: 'page.js', chunkFileNames: '[name].js' },
      },
    },
  });
  const scripts = output.filter((part) => part.type === 'chunk');
  return {
    scripts: new Map(scripts.map(({ fileName, code }) => [fileName, code])),
    style: output.find((part) => part.fileName.endsWith('.css'))?.source ?? '',
  };
}

const { scripts, style } = await bundle('client/main.tsx');
const signIn = await bundle('client/sign-in/sign-in.ts');
/** Each has a route, by its name. */
const NAMES = ['page', 'later-views', 'graph'];
if (scripts.size !== NAMES.length || NAMES.some((name) => !scripts.has(`${name}.js`))) {
  throw new Error(`The page has the scripts ${[...scripts.keys()].join(', ')}, not those of ${NAMES.join(', ')}.`);
}

/** Compressed once and for all: the app has nothing to do for it, whoever asks. @param {string} content */
const packed = (content) => ({
  gzip: gzipSync(content, { level: 9, memLevel: 9 }).toString('base64'),
  br: brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  }).toString('base64'),
});

const version = createHash('sha256')
  .update([...scripts.values()].join(''))
  .update(style)
  .digest('base64url')
  .slice(0, 12);

const ADDRESS = new RegExp(`(["'\`])\\./(${NAMES.join('|')})\\.js\\1`, 'g');
/** A script asks for the others of its version: under another address one would be loaded once more. */
const versioned = (name) => scripts.get(name).replaceAll(ADDRESS, `$1./$2.js?v=${version}$1`);

const text = `// Written by scripts/build-page.mjs.
export const PAGE_VERSION = ${JSON.stringify(version)};
/** In base64, by the name of the content coding. */
export const PAGE_SCRIPT = ${JSON.stringify(packed(versioned('page.js')))};
/** What the first view does without. */
export const LATER_SCRIPT = ${JSON.stringify(packed(versioned('later-views.js')))};
/** What a page that shows a graph asks for: its style, and the library that lays it out. */
export const GRAPH_SCRIPT = ${JSON.stringify(packed(versioned('graph.js')))};
export const PAGE_STYLE = ${JSON.stringify(packed(style))};
export const SIGN_IN_SCRIPT = ${JSON.stringify(signIn.scripts.get('page.js').trim())};
export const SIGN_IN_STYLE = ${JSON.stringify(signIn.style.trim())};
`;
const target = path('page.assets.ts');
const current = await readFile(target, 'utf8').catch(() => '');
if (current !== text) {
  // In one step: a test that runs meanwhile must not read half of it.
  await writeFile(`${target}.tmp`, text);
  await rename(`${target}.tmp`, target);
}
