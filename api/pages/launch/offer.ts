/** What LAUNCH offers to an account: published templates with a live release, those with one of the session's tags (marketplace.md 3, 4). */
import { templateSubject } from '../../../storage/operation.ts'
import { installedFrom } from '../../../storage/installed-templates.ts'
import { everyOf } from '../../../storage/pages.ts'
import type { Versioned } from '../../../storage/records.ts'
import type { LaunchVisit } from '../../../storage/sign-in.ts'
import type { Template } from '../../../storage/template.ts'
import type { Services } from '../../services.ts'
import { liveRelease } from '../../templates/releases.ts'
import type { Session } from '../session.ts'

export interface OfferedTemplate {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly tags: readonly string[]
  /** The account has a cycle of it. */
  readonly installed: boolean
  /** Of an installation that is under way. */
  readonly operation?: string
}

const lower = (text: string): string => text.trim().toLowerCase()

/** Whether a session is offered it. Tags are compared without regard to case; without any all templates are. */
export function isOffered({ value }: Versioned<Template>, { tags }: Pick<LaunchVisit, 'tags'>): boolean {
  if (!value.published || liveRelease(value) === undefined) return false
  const wanted = new Set(tags.map(lower))
  return wanted.size === 0 || value.tags.some(tag => wanted.has(lower(tag)))
}

/** By name. */
export async function launchOffer({ registry }: Pick<Services, 'registry'>, { account, visit }: Session<'launch'>): Promise<readonly OfferedTemplate[]> {
  const templates: Versioned<Template>[] = []
  for await (const template of everyOf(page => registry.templates.list(page))) if (isOffered(template, visit.to)) templates.push(template)
  const [installed, running] = await Promise.all([installedFrom(registry.cycles, account.id), registry.operations.running(account.id)])
  return templates
    .map(({ id, value }): OfferedTemplate => {
      const { name, description = '', tags = [] } = liveRelease(value)?.document ?? value
      const operation = running.get(templateSubject(id))
      return { id, name, description, tags, installed: installed.has(id), ...(operation === undefined ? {} : { operation }) }
    })
    .toSorted((one, other) => one.name.localeCompare(other.name))
}
