import type { AdminSettings } from '../admin-settings.js';

/**
 * The page's frame; its script fills it.
 * @param pathname of the request, from whose last segment the links are built: they stay right behind a proxy that takes
 *   a prefix away, and with or without a slash at the end
 */
export function pageHtml(pathname: string, version: string, settings: AdminSettings): string {
  const last = pathname.split('/').at(-1)!;
  const base = last === '' ? './' : `./${last}/`;
  return `<!doctype html>
<html lang="en" data-read-only="${settings.readOnly}" data-store="${escape(settings.store)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Tasks</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${escape(base)}page.css?v=${version}">
<script type="module" src="${escape(base)}page.js?v=${version}"></script>
</head>
<body>
<noscript>This page needs JavaScript. The API under api/ works without it.</noscript>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
