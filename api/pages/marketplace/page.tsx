/** The marketplace: cards in categories, search, and a filter by tags (marketplace.md 4). */
import type { AccountId } from '../../../domain/ids.ts'
import type { Answer } from '../../route.ts'
import type { Services } from '../../services.ts'
import { pageOf } from '../layout.tsx'
import { guidOf } from '../../routes/lists.ts'
import type { PageCall } from '../page.ts'
import { Name, Notice } from '../parts.tsx'
import { endedPage } from '../problem.tsx'
import { texts } from '../texts.ts'
import type { View } from '../view.ts'
import { Cards } from './cards.tsx'
import { packagesIn, readOffer, select, type Selection, type Wanted } from './offer.ts'

const PATH = '/account/marketplace'

export async function marketplacePage(services: Services, { session, view, query }: PageCall<'marketplace'>): Promise<Answer> {
  if (view.marketplace === undefined) return endedPage(services.settings.publicUrl)
  const wanted: Wanted = { words: (query.get('q') ?? '').slice(0, 200), tag: query.get('tag') ?? '', category: query.get('category') ?? '' }
  const [offer, done] = await Promise.all([
    readOffer(services, session.account.id, view.marketplace),
    doneText(services, session.account.id, query.get('done')),
  ])
  const selection = select(offer, wanted)
  const here = selection.trail.at(-1)
  return pageOf(
    view,
    { title: here === undefined ? view.brand : `${here.title} · ${view.brand}`, scripts: ['dialog.js'] },
    <>
      <header class="heading">
        <h1>
          <Name>{view.brand}</Name>
        </h1>
        <p class="muted">
          <Name>{texts.marketplace.subtitle(session.account.name)}</Name>
        </p>
      </header>
      {done === undefined ? null : (
        <Notice kind="good">
          <Name>{done}</Name>
        </Notice>
      )}
      <Trail view={view} selection={selection} />
      <Tools view={view} wanted={wanted} selection={selection} />
      {selection.searched ? <p role="status">{texts.marketplace.found(packagesIn(selection.cards).length)}</p> : null}
      {selection.cards.length === 0 ? (
        <div class="empty">
          <p>{selection.searched ? texts.marketplace.nothing : texts.marketplace.empty}</p>
          {selection.searched ? (
            <a class="button quiet" href={view.href(addressOf({ ...wanted, words: '', tag: '' }))}>
              {texts.marketplace.clear}
            </a>
          ) : null}
        </div>
      ) : (
        <Cards view={view} cards={selection.cards} />
      )}
    </>,
  )
}

/** What an operation of this account has done; nothing for others. */
async function doneText({ registry }: Services, account: AccountId, text: string | null): Promise<string | undefined> {
  const id = guidOf(text ?? undefined)
  const operation = id === undefined ? undefined : await registry.operations.get(account, id)
  return operation?.status === 'Completed' ? texts.done[operation.kind](operation.packageName) : undefined
}

function addressOf({ words, tag, category }: Wanted): string {
  const given = Object.entries({ q: words, tag, category }).filter(([, value]) => value !== '')
  const query = new URLSearchParams(given).toString()
  return query === '' ? PATH : `${PATH}?${query}`
}

interface Part {
  readonly view: View
  readonly selection: Selection
}

const Trail = ({ view, selection: { trail } }: Part) =>
  trail.length === 0 ? null : (
    <nav class="trail" aria-label={texts.marketplace.categories}>
      <ol role="list">
        <li>
          <a href={view.href(PATH)}>{texts.marketplace.allCategories}</a>
        </li>
        {trail.map((one, at) => (
          <li>
            {at === trail.length - 1 ? (
              <span aria-current="page">
                <Name>{one.title}</Name>
              </span>
            ) : (
              <a href={view.href(addressOf({ words: '', tag: '', category: one.path }))}>
                <Name>{one.title}</Name>
              </a>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )

const Tools = ({ view, wanted, selection: { tags } }: Part & { readonly wanted: Wanted }) => (
  <search class="tools">
    <form method="get" action={view.href(PATH)} class="search">
      <label class="hidden" for="q">
        {texts.marketplace.search}
      </label>
      <input id="q" name="q" type="search" value={wanted.words} placeholder={texts.marketplace.search} maxLength={200} autocomplete="off" />
      {wanted.tag === '' ? null : <input type="hidden" name="tag" value={wanted.tag} />}
      {wanted.category === '' ? null : <input type="hidden" name="category" value={wanted.category} />}
      <button type="submit" class="button plain">
        {texts.marketplace.searchButton}
      </button>
    </form>
    {tags.length === 0 ? null : (
      <nav class="filter" aria-label={texts.marketplace.tags}>
        <ul role="list">
          {['', ...tags].map(tag => (
            <li>
              <a class="chip" href={view.href(addressOf({ ...wanted, tag }))} aria-current={tag === wanted.tag ? 'true' : undefined}>
                {tag === '' ? texts.marketplace.allTags : <Name>{tag}</Name>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    )}
  </search>
)
