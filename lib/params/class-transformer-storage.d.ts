/**
 * class-transformer publishes no way to ask what its decorators said; `@nestjs/mapped-types` goes through this file too.
 */
declare module 'class-transformer/cjs/storage.js' {
  import type { ExcludeMetadata, ExposeMetadata, TransformMetadata, TypeMetadata } from 'class-transformer';

  type Constructor = abstract new (...parameters: never[]) => object;

  export const defaultMetadataStorage: {
    findTypeMetadata(target: Constructor, property: string): TypeMetadata | undefined;
    findExposeMetadata(target: Constructor, property: string): ExposeMetadata | undefined;
    findTransformMetadatas(target: Constructor, property: string, transformation: number): TransformMetadata[];
    getExposedProperties(target: Constructor, transformation: number): string[];
    getExcludedProperties(target: Constructor, transformation: number): string[];
    getExcludedMetadatas(target: Constructor): ExcludeMetadata[];
    getStrategy(target: Constructor): 'none' | 'excludeAll' | 'exposeAll';
    readonly _typeMetadatas: ReadonlyMap<Constructor, ReadonlyMap<string, TypeMetadata>>;
    readonly _transformMetadatas: ReadonlyMap<Constructor, unknown>;
    readonly _exposeMetadatas: ReadonlyMap<Constructor, unknown>;
    readonly _excludeMetadatas: ReadonlyMap<Constructor, unknown>;
  };
}
