import type { AdminSettings } from '../admin-settings.js';
import { baseOf, escapeHtml } from './html.js';
import { NAVIGATION } from './navigation.js';

/**
 * The page's frame; its script makes it anew, and fills it.
 * Its head is shown as soon as the style is there: the script is ten times as large.
 * @param pathname of the request
 */
export function pageHtml(pathname: string, version: string, settings: AdminSettings): string {
  const base = escapeHtml(baseOf(pathname));
  const pages = NAVIGATION.map(([, label]) => `<a>${label}</a>`).join('');
  const title = settings.store === 'default' ? 'Tasks' : `Tasks: ${escapeHtml(settings.store)}`;
  return `<!doctype html>
<html lang="en" data-read-only="${settings.readOnly}" data-store="${escapeHtml(settings.store)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Tasks</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}page.css?v=${version}">
<script type="module" src="${base}page.js?v=${version}"></script>
</head>
<body>
<header><strong class="brand">${title}</strong><nav aria-label="Pages">${pages}</nav></header>
<noscript>This page needs JavaScript. The API under api/ works without it.</noscript>
</body>
</html>
`;
}
