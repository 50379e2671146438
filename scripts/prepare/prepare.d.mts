/** The folder of the checkout, with a slash at its end. */
export const root: string
export function prepare(): Promise<void>
export function isNewEnough(version: string): boolean
export function fail(message: string): never
