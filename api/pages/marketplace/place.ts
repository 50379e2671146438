/** Where somebody was in the marketplace: what was searched for, the tag and the category. It is kept while an operation is watched. */
const NAMES = ['q', 'tag', 'category'] as const
const MAX = 500

/** Those parameters alone, as a query; empty where there are none. */
export function placeIn(query: URLSearchParams): string {
  const place = new URLSearchParams(NAMES.flatMap(name => (query.get(name) ? [[name, query.get(name) ?? '']] : []))).toString()
  return place.length > MAX ? '' : place
}

/** The place of the page that a form was sent from; empty where the browser does not tell. */
export const placeBefore = (referer: string | undefined): string =>
  referer !== undefined && URL.canParse(referer) ? placeIn(new URL(referer).searchParams) : ''

/** A path that remembers a place. */
export const remembering = (path: string, place: string): string => (place === '' ? path : `${path}?from=${encodeURIComponent(place)}`)

/** What such a path remembers: again those parameters alone. */
export const remembered = (query: URLSearchParams): string => placeIn(new URLSearchParams(query.get('from') ?? ''))
