// Builds the admin page into lib/admin/page/page.assets.ts, as text: the package then has no files to find at run time,
// whether it is loaded as ESM, as CommonJS or out of a bundle.
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(`../lib/admin/page/${relative}`, import.meta.url));

const { output } = await build({
  configFile: false,
  logLevel: 'error',
  root: path('client'),
  build: {
    write: false,
    target: 'es2022',
    modulePreload: false,
    // Not as a library: whose text vite leaves with all its spaces.
    rolldownOptions: { input: path('client/main.ts') },
  },
});
const script = output.find((part) => part.type === 'chunk').code;
const style = output.find((part) => part.fileName.endsWith('.css'))?.source ?? '';
const version = createHash('sha256').update(script).update(style).digest('base64url').slice(0, 12);

const text = `// Written by scripts/build-page.mjs.
export const PAGE_VERSION = ${JSON.stringify(version)};
export const PAGE_SCRIPT = ${JSON.stringify(script)};
export const PAGE_STYLE = ${JSON.stringify(style)};
`;
const target = path('page.assets.ts');
const current = await readFile(target, 'utf8').catch(() => '');
if (current !== text) {
  // In one step: a test that runs meanwhile must not read half of it.
  await writeFile(`${target}.tmp`, text);
  await rename(`${target}.tmp`, target);
}
