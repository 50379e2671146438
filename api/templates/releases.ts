/** What happens to the releases of a template: `Draft` → `Live` → `Deprecated`, one of them live once any was promoted (marketplace.md 1). */
import type { CycleDocument } from '../../domain/document.ts'
import { identifiersFor } from '../../storage/identifiers.ts'
import type { Template, TemplateRelease } from '../../storage/template.ts'

/** How many that are deprecated are kept with their documents. */
const DEPRECATED_MAX = 20

export const liveRelease = ({ releases }: Template): TemplateRelease | undefined => releases.find(({ status }) => status === 'Live')

export const draftOf = ({ releases }: Template): TemplateRelease | undefined => releases.find(({ status }) => status === 'Draft')

/** The one that is edited: the draft, else the one that is live. */
export function newestRelease({ releases }: Template): TemplateRelease {
  const newest = releases.at(-1)
  if (newest === undefined) throw new Error('a template has no release')
  return newest
}

/** A new template, with a draft. */
export function newTemplate(document: CycleDocument, release: { readonly id: string; readonly now: number }): Template {
  return withDraft({ ...described(document), published: false, releases: [] }, document, release)
}

/** Another document: the draft's, or that of a draft which comes to be. */
export function withDraft(template: Template, document: CycleDocument, { id, now }: { readonly id: string; readonly now: number }): Template {
  const draft = draftOf(template)
  const edited: TemplateRelease = draft === undefined ? { id, status: 'Draft', createdAt: now, document } : { ...draft, document }
  return addressed({ ...template, ...described(document), releases: [...template.releases.filter(one => one !== draft), edited] })
}

/** The draft is live, and the one that was is deprecated; undefined where there is no draft. */
export function promoted(template: Template): Template | undefined {
  if (draftOf(template) === undefined) return undefined
  const next = { Draft: 'Live', Live: 'Deprecated', Deprecated: 'Deprecated' } as const
  const releases = template.releases.map(release => ({ ...release, status: next[release.status] }))
  const old = releases.filter(({ status }) => status === 'Deprecated')
  const dropped = new Set(old.slice(0, Math.max(0, old.length - DEPRECATED_MAX)))
  return addressed({ ...template, releases: releases.filter(release => !dropped.has(release)) })
}

/** Every webhook step of every release has an identifier, kept from release to release by the id of the step (webhooks.md 1). */
function addressed(template: Template): Template {
  const steps = template.releases.flatMap(({ document }) => document.steps)
  return { ...template, identifiers: identifiersFor({ steps }, template.identifiers) }
}

const described = ({ name, description = '', tags = [] }: CycleDocument): Pick<Template, 'name' | 'description' | 'tags'> => ({ name, description, tags })
