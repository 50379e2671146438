/** The path of PUBLIC_URL, which stands before those of the pages; without a slash at the end. */
export const prefixOf = (publicUrl: string): string => new URL(publicUrl).pathname.replace(/\/$/, '')
