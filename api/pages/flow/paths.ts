/** Where the steps of an installation are, under PUBLIC_URL: of a package in the marketplace, of a template in LAUNCH. */
import type { PageKind } from '../session.ts'

/** With the subject's `{id}`. */
export const BASES: { readonly [K in PageKind]: string } = {
  marketplace: '/account/marketplace/packages/{id}',
  launch: '/account/launch/templates/{id}',
}

export const basePath = (kind: PageKind, id: string): string => BASES[kind].replace('{id}', encodeURIComponent(id))
export const packagePath = (id: string): string => basePath('marketplace', id)

export const operationPath = (base: string, operation: string): string => `${base}/operations/${operation}`
export const completePath = (base: string, operation: string): string => `${operationPath(base, operation)}/complete`
