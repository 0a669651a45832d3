/**
 * What links of the page begin with. They are built from the last segment of the request's path, so that they stay right
 * behind a proxy that takes a prefix away, and with or without a slash at the end.
 */
export function baseOf(pathname: string): string {
  const last = pathname.split('/').at(-1)!;
  return last === '' ? './' : `./${last}/`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
