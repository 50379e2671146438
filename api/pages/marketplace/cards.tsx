/** The cards of a marketplace. */
import type { OperationKind } from '../../../storage/operation.ts'
import { operationPath, packagePath } from '../flow/paths.ts'
import { Form, Name, PartnerHtml, Tags, webUrl } from '../parts.tsx'
import { texts } from '../texts.ts'
import type { View } from '../view.ts'
import { packagesIn, type OfferedPackage, type PackageState, type ShownCard } from './offer.ts'

export const Cards = ({ view, cards }: { readonly view: View; readonly cards: readonly ShownCard[] }) => (
  <ul class="cards" role="list">
    {cards.map(card => (
      <Card view={view} card={card} />
    ))}
  </ul>
)

function Card({ view, card }: { readonly view: View; readonly card: ShownCard }) {
  switch (card.type) {
    case 'package':
      return <PackageCard view={view} package={card.package} />
    case 'text':
      return (
        <li class="card wide">
          <PartnerHtml html={card.html} />
        </li>
      )
    case 'category':
      return (
        <li class="card category">
          <Picture image={card.image} name={card.title} />
          <h2>
            <a class="stretched" href={view.href(`/account/marketplace?category=${card.path}`)}>
              <Name>{card.title}</Name>
            </a>
          </h2>
          <Description text={card.description} />
          <p class="foot muted">
            {texts.marketplace.inCategory(packagesIn(card.shown).length)}
            <span class="arrow" aria-hidden="true">
              →
            </span>
          </p>
        </li>
      )
    case 'link': {
      const url = webUrl(card.url)
      return (
        <li class="card link">
          <Picture image={card.image} name={card.title} />
          <h2>
            {url === undefined ? (
              <Name>{card.title}</Name>
            ) : (
              <a class="stretched" href={url} target="_blank" rel="noopener">
                <Name>{card.title}</Name>
              </a>
            )}
          </h2>
          <Description text={card.description} />
          <p class="foot muted" aria-hidden="true">
            {texts.marketplace.link} <span class="arrow">↗</span>
          </p>
        </li>
      )
    }
  }
}

function PackageCard({ view, package: { id, value, tags, state, operation } }: { readonly view: View; readonly package: OfferedPackage }) {
  const title = `package-${id}`
  return (
    <li class="card" id={`card-${id}`}>
      <div class="top">
        <Picture image={value.image} name={value.name} />
        {operation !== undefined ? (
          <p class="state busy">{texts.state[operation.kind]}</p>
        ) : state === 'NotInstalled' ? null : (
          <p class={`state ${state.toLowerCase()}`}>{texts.state[state]}</p>
        )}
      </div>
      <h2 id={title}>
        <Name>{value.name}</Name>
      </h2>
      <Description text={value.description} />
      <Tags tags={tags} />
      <div class="foot">
        {operation !== undefined ? (
          <a class="button quiet" href={view.href(operationPath(packagePath(id), operation.id))} aria-describedby={title}>
            {texts.marketplace.progress}
          </a>
        ) : (
          FORMS[state].map(([kind, look]) => <Action view={view} id={id} kind={kind} look={look} name={value.name} title={title} />)
        )}
      </div>
    </li>
  )
}

type Look = 'primary' | 'plain' | 'quiet'

const STARTABLE: readonly (readonly [OperationKind, Look])[] = [
  ['start', 'primary'],
  ['stop', 'quiet'],
  ['uninstall', 'quiet'],
]

/** An installed package can always be started and stopped: single cycles of it may stand otherwise than the rest. */
const FORMS: { readonly [S in PackageState]: readonly (readonly [OperationKind, Look])[] } = {
  NotInstalled: [['install', 'primary']],
  Installed: STARTABLE,
  Started: [
    ['stop', 'plain'],
    ['start', 'quiet'],
    ['uninstall', 'quiet'],
  ],
  Stopped: STARTABLE,
}

interface ActionProps {
  readonly view: View
  readonly id: string
  readonly kind: OperationKind
  readonly look: Look
  readonly name: string
  /** Id of the element that names the package. */
  readonly title: string
}

function Action({ view, id, kind, look, name, title }: ActionProps) {
  const { uninstall, actions } = texts
  const asks = { 'data-title': uninstall.title(name), 'data-text': uninstall.text, 'data-yes': uninstall.yes, 'data-no': uninstall.no } as const
  return (
    <Form view={view} name={actions[kind]} action={`${packagePath(id)}/${kind}`} {...(kind === 'uninstall' ? { data: asks } : {})}>
      <button type="submit" class={`button ${look}${kind === 'uninstall' ? ' danger' : ''}`} aria-describedby={title}>
        {actions[kind]}
      </button>
    </Form>
  )
}

/** The picture, or the first letter in its place. */
export function Picture({ image, name }: { readonly image: string | undefined; readonly name: string }) {
  const url = webUrl(image)
  if (url !== undefined) return <img class="picture" src={url} alt="" width="48" height="48" loading="lazy" referrerpolicy="no-referrer" />
  const letter = /[\p{L}\p{N}]/u.exec(name)?.[0]?.toUpperCase() ?? '•'
  const hue = Array.from(name).reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 8, 0)
  return (
    <span class={`picture letter hue-${hue}`} aria-hidden="true">
      {letter}
    </span>
  )
}

const Description = ({ text }: { readonly text: string | undefined }) =>
  text === undefined || text.trim() === '' ? null : (
    <p class="description">
      <Name>{text}</Name>
    </p>
  )
