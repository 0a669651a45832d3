import { SetMetadata, type CustomDecorator } from '@nestjs/common';

const PAGE_METADATA = 'nestjs-tasks:admin-page';

/** Marks the handler that a browser may reach by following a link of another site. */
export const Page = (): CustomDecorator<string> => SetMetadata(PAGE_METADATA, true);

export function isPage(handler: object): boolean {
  return Reflect.getMetadata(PAGE_METADATA, handler) === true;
}
