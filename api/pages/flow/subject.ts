/** What is being installed: a package of the marketplace, or a template in LAUNCH. Both go through the same steps (marketplace.md 4). */
import type { CycleDocument } from '../../../domain/document.ts'
import { ApiError } from '../../../domain/errors.ts'
import type { LaunchVisit, MarketplaceVisit } from '../../../storage/sign-in.ts'
import { findPackage } from '../../marketplaces/find.ts'
import type { Services } from '../../services.ts'
import { liveRelease } from '../../templates/releases.ts'
import { findTemplate } from '../../templates/view.ts'
import type { Session } from '../session.ts'
import { isOffered } from '../launch/offer.ts'
import { basePath, packagePath } from './paths.ts'

/** A template that becomes a cycle, as of its live release. */
export interface SubjectTemplate {
  readonly id: string
  readonly name: string
  readonly document: CycleDocument
}

export interface Subject {
  readonly kind: 'package' | 'template'
  readonly id: string
  /** Path that its steps begin with. */
  readonly base: string
  /** Where Cancel leads. */
  readonly back: '/account/marketplace' | '/account/launch'
  readonly title: string
  readonly description: string
  readonly image?: string
  /** In the order in which they are installed; without those that have no live release. */
  readonly templates: readonly SubjectTemplate[]
}

/** Of the session's marketplace. Throws `package_not_found`. */
async function packageSubject(services: Services, { marketplaceId }: MarketplaceVisit, id: string | undefined): Promise<Subject> {
  const { id: packageId, value } = await findPackage(services, marketplaceId, id)
  const templates = await services.registry.templates.getMany(value.templateIds)
  return {
    kind: 'package',
    id: packageId,
    base: packagePath(packageId),
    back: '/account/marketplace',
    title: value.name,
    description: value.description,
    ...(value.image === undefined ? {} : { image: value.image }),
    templates: value.templateIds.flatMap(templateId => {
      const template = templates.get(templateId)
      const live = template && liveRelease(template.value)
      return template === undefined || live === undefined ? [] : [{ id: templateId, name: template.value.name, document: live.document }]
    }),
  }
}

/** The subject that a path of the flow names. Throws `package_not_found`, `template_not_found`. */
export const findSubject = (services: Services, { visit: { to } }: Session, id: string | undefined): Promise<Subject> =>
  to.page === 'launch' ? templateSubject(services, to, id) : packageSubject(services, to, id)

/** One that the session is offered. Throws `template_not_found`. */
async function templateSubject(services: Services, visit: LaunchVisit, id: string | undefined): Promise<Subject> {
  const template = await findTemplate(services, id)
  const live = liveRelease(template.value)
  if (live === undefined || !isOffered(template, visit)) throw new ApiError('template_not_found', 'There is no such template.')
  const { name, description = '' } = live.document
  return {
    kind: 'template',
    id: template.id,
    base: basePath('launch', template.id),
    back: '/account/launch',
    title: name,
    description,
    templates: [{ id: template.id, name, document: live.document }],
  }
}
