import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Paging } from '../../domain/connector.ts'
import { firstPage, nextLink, nextPage, partOfBody, type PageAt } from '../../domain/paging.ts'
import type { Json } from '../../domain/json.ts'

const SIZE = { parameter: 'per', value: 3 }
const answer = (body: Json = {}, headers = {}) => ({ body, headers })

/** All elements of a list that a server gives page by page, as it understands the query. */
function readAll(paging: Paging, serve: (page: PageAt) => { items: readonly number[]; body?: Json; headers?: { [name: string]: string } }): number[] {
  const all: number[] = []
  for (let page: PageAt | undefined = firstPage(paging), n = 0; page !== undefined && n < 1_000; n++) {
    const { items, body = {}, headers = {} } = serve(page)
    all.push(...items)
    page = nextPage(paging, page, items.length, answer(body, headers))
  }
  return all
}
const list = fc.array(fc.integer(), { maxLength: 20 })

describe('paging (connectors.md 1)', () => {
  it('pages count from 1, offsets from 0', () => {
    expect(firstPage({ type: 'page', parameter: 'page', size: SIZE }).query).toEqual({ page: 1, per: 3 })
    expect(firstPage({ type: 'offset', parameter: 'start', size: SIZE }).query).toEqual({ start: 0, per: 3 })
    expect(firstPage({ type: 'cursor', parameter: 'after', next: 'body.next' }).query).toBeUndefined()
  })

  it('of any list, in pages of any kind, every element is read once', () => {
    fc.assert(
      fc.property(list, fc.boolean(), (all, sized) => {
        const size = sized ? { size: SIZE } : {}
        const cut = (from: number): readonly number[] => all.slice(from, from + 3)
        const number = (page: PageAt, name: string): number => Number(page.query?.[name])
        expect(readAll({ type: 'page', parameter: 'page', ...size }, page => ({ items: cut((number(page, 'page') - 1) * 3) }))).toEqual(all)
        expect(readAll({ type: 'offset', parameter: 'start', ...size }, page => ({ items: cut(number(page, 'start')) }))).toEqual(all)
        const next = (from: number): string | null => (from + 3 < all.length ? `at ${from + 3}` : null)
        const from = (page: PageAt): number => Number(String(page.query?.['after'] ?? 'at 0').slice(3))
        expect(
          readAll({ type: 'cursor', parameter: 'after', next: 'body.meta.next' }, page => ({
            items: cut(from(page)),
            body: { meta: { next: next(from(page)) } },
          })),
        ).toEqual(all)
        const at = (page: PageAt): number => Number(new URL(page.url ?? 'http://x/?from=0').searchParams.get('from'))
        expect(
          readAll({ type: 'link' }, page => ({
            items: cut(at(page)),
            headers: at(page) + 3 < all.length ? { link: `<http://x/?from=0>; rel="first", <http://x/?from=${at(page) + 3}>; rel="next"` } : {},
          })),
        ).toEqual(all)
      }),
    )
  })

  it('ends at an empty page, whatever names a next', () => {
    expect(nextPage({ type: 'cursor', parameter: 'c', next: 'body.next' }, { position: 0 }, 0, answer({ next: 'x' }))).toBeUndefined()
    expect(nextPage({ type: 'cursor', parameter: 'c', next: 'body.next' }, { position: 0 }, 1, answer({ next: 'x' }))?.query).toEqual({ c: 'x' })
    expect(nextPage({ type: 'cursor', parameter: 'c', next: 'headers.x-next' }, { position: 0 }, 1, answer({}, { 'x-next': 'y' }))?.query).toEqual({ c: 'y' })
    for (const next of ['', null, false])
      expect(nextPage({ type: 'cursor', parameter: 'c', next: 'body.next' }, { position: 0 }, 1, answer({ next }))).toBeUndefined()
  })

  it.each([
    ['<https://a.example/?page=2>; rel="next"', 'https://a.example/?page=2'],
    ['<https://a.example/?a=1,2>; title="x, y"; rel=next', 'https://a.example/?a=1,2'],
    ['<https://a.example/1>; rel="prev", <https://a.example/3>; REL="last next"', 'https://a.example/3'],
    ['<https://a.example/1>; rel="nextish"', undefined],
    ['', undefined],
    ['nonsense', undefined],
  ])('the header Link: %s', (header, target) => {
    expect(nextLink(header)).toBe(target)
  })

  it('a path goes into the body', () => {
    expect(partOfBody({ data: { items: [1] } }, 'data.items')).toEqual([1])
    expect(partOfBody([1], undefined)).toEqual([1])
    expect(partOfBody({ a: 1 }, 'b')).toBeUndefined()
  })
})
