/** LAUNCH: the choice of what to install (marketplace.md 4). */
import type { LaunchVisit } from '../../../storage/sign-in.ts'
import type { Answer } from '../../route.ts'
import { basePath, operationPath } from '../flow/paths.ts'
import { pageOf } from '../layout.tsx'
import { Picture } from '../marketplace/cards.tsx'
import { Form, Name, Tags } from '../parts.tsx'
import { texts } from '../texts.ts'
import type { View } from '../view.ts'
import type { OfferedTemplate } from './offer.ts'

type How = Pick<LaunchVisit, 'displayDescriptions' | 'singleInstall'>

export function choicePage(view: View, how: How, offer: readonly OfferedTemplate[]): Answer {
  const { launch } = texts
  return pageOf(
    view,
    { title: launch.title },
    <>
      <header class="heading">
        <h1>{launch.title}</h1>
        <p class="muted">
          <Name>{launch.subtitle(view.brand)}</Name>
        </p>
      </header>
      {offer.length === 0 ? (
        <div class="empty">
          <p>{launch.empty}</p>
        </div>
      ) : (
        <ul class="cards" role="list">
          {offer.map(one => (
            <Choice view={view} how={how} one={one} />
          ))}
        </ul>
      )}
    </>,
  )
}

function Choice({ view, how, one }: { readonly view: View; readonly how: How; readonly one: OfferedTemplate }) {
  const { id, name, description, tags, installed, operation } = one
  const title = `template-${id}`
  const base = basePath('launch', id)
  return (
    <li class="card">
      <div class="top">
        <Picture image={undefined} name={name} />
        {operation !== undefined ? <p class="state busy">{texts.state.install}</p> : installed ? <p class="state started">{texts.state.Installed}</p> : null}
      </div>
      <h2 id={title}>
        <Name>{name}</Name>
      </h2>
      {how.displayDescriptions && description.trim() !== '' ? (
        <p class="description">
          <Name>{description}</Name>
        </p>
      ) : null}
      <Tags tags={tags} />
      <div class="foot">
        {operation !== undefined ? (
          <a class="button quiet" href={view.href(operationPath(base, operation))} aria-describedby={title}>
            {texts.marketplace.progress}
          </a>
        ) : installed && how.singleInstall ? (
          <p class="muted">{texts.launch.there}</p>
        ) : (
          <Form view={view} name={texts.actions.install} action={`${base}/install`}>
            <button type="submit" class={`button ${installed ? 'plain' : 'primary'}`} aria-describedby={title}>
              {texts.actions.install}
            </button>
          </Form>
        )}
      </div>
    </li>
  )
}
