/** Templates: what cycles are installed from, and their releases (marketplace.md 1). */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { setVariables } from '../../domain/set-variables.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Template } from '../../storage/template.ts'
import { readDefinition } from '../cycles/definition.ts'
import { createCycleIn } from '../cycles/save.ts'
import { freshView } from '../cycles/view.ts'
import { packagesWith } from '../marketplaces/find.ts'
import { accountRoute, noBody, noQuery, partnerRoute, type AnswerSpec, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import type { Services } from '../services.ts'
import { liveRelease, newestRelease, newTemplate, promoted, withDraft } from '../templates/releases.ts'
import { findTemplate, templateView } from '../templates/view.ts'
import { json, unlessRecord } from './fields.ts'
import { paged, pagedAnswer, pageQuery } from './lists.ts'

const TAG = 'Templates'
const path = '/v1.0/templates'
const params = { id: 'GUID of the template.' }
const theTemplate: AnswerSpec = { description: 'The template.', schema: schemas.template }

const document = z.object({ definition: schemas.definition.refine(value => typeof value === 'object' && value !== null, 'must be a cycle document') })

/** Changes one that was read, and gives it as it is then. Throws `record_changed` where somebody else was faster. */
async function change({ registry }: Services, { id, version }: Versioned<Template>, value: Template): Promise<Versioned<Template>> {
  unlessRecord(await registry.templates.replace(id, value, version), 'template_not_found', 'template')
  return findTemplate({ registry }, id)
}

const notLive = (): ApiError => new ApiError('template_not_live', 'The template has no live release: promote its draft first.')

export const templateRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the templates, the oldest first',
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The templates.', schemas.template) },
    handler: async (services, { query }) => paged(await services.registry.templates.list(query), query, one => templateView(services, one)),
  }),
  partnerRoute({
    method: 'POST',
    path,
    tag: TAG,
    summary: 'Makes a template',
    description: 'From `{ Definition }` as JSON, or from the document itself as application/yaml. Its release is a Draft, until it is promoted.',
    query: noQuery,
    body: document,
    bodyKind: 'document',
    answers: { 201: { ...theTemplate, headers: { Location: 'Its address.' } } },
    errors: ['document_invalid', 'document_too_large'],
    handler: async (services, { body }) => {
      const id = randomUUID()
      const template = newTemplate(await readDefinition(services, body.definition), { id: randomUUID(), now: Date.now() })
      await services.registry.templates.create(id, template)
      return { status: 201, body: templateView(services, await findTemplate(services, id)), headers: { Location: `${path}/${id}` } }
    },
  }),
  partnerRoute({
    method: 'GET',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Shows a template',
    description: 'With the document of its newest release, or of the one that is asked for.',
    params,
    query: z.object({ release: z.string().optional().describe('GUID of a release.') }),
    body: noBody,
    answers: { 200: theTemplate },
    errors: ['template_not_found'],
    handler: async (services, call) => {
      const template = await findTemplate(services, call.params.id)
      const wanted = call.query.release?.toLowerCase()
      if (wanted === undefined) return { status: 200, body: templateView(services, template) }
      const release = template.value.releases.find(({ id }) => id === wanted)
      if (release === undefined) throw new ApiError('template_not_found', 'The template has no such release.')
      return { status: 200, body: templateView(services, template, release) }
    },
  }),
  partnerRoute({
    method: 'PUT',
    path: `${path}/{id}`,
    tag: TAG,
    summary: "Replaces a template's document",
    description:
      'That of its draft, or of a new draft where it has none: what is live, and cycles that were installed, stay as they are. A secret sent as ******** stays as it is.',
    params,
    query: noQuery,
    body: document,
    bodyKind: 'document',
    answers: { 200: theTemplate },
    errors: ['document_invalid', 'document_too_large', 'template_not_found', 'record_changed'],
    handler: async (services, call) => {
      const template = await findTemplate(services, call.params.id)
      const definition = await readDefinition(services, call.body.definition, newestRelease(template.value).document)
      return {
        status: 200,
        body: templateView(services, await change(services, template, withDraft(template.value, definition, { id: randomUUID(), now: Date.now() }))),
      }
    },
  }),
  partnerRoute({
    method: 'DELETE',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Deletes a template',
    description: 'Not while an integration package has it. Cycles that were installed from it stay.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['template_not_found', 'template_in_use'],
    handler: async (services, call) => {
      const { id } = await findTemplate(services, call.params.id)
      const [user] = await packagesWith(services, one => one.templateIds.includes(id))
      if (user !== undefined) throw new ApiError('template_in_use', `The integration package ${user.id}, "${user.value.name}", has it.`)
      await services.registry.templates.remove(id)
      return { status: 204 }
    },
  }),
  partnerRoute({
    method: 'POST',
    path: `${path}/{id}/promote`,
    tag: TAG,
    summary: 'Makes the draft live',
    description: 'The release that was live is Deprecated. What is installed from now on comes from the new one.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: theTemplate },
    errors: ['template_not_found', 'template_no_draft', 'record_changed'],
    handler: async (services, call) => {
      const template = await findTemplate(services, call.params.id)
      const next = promoted(template.value)
      if (next === undefined) throw new ApiError('template_no_draft', 'The template has no draft: its newest release is live already.')
      return { status: 200, body: templateView(services, await change(services, template, next)) }
    },
  }),
  partnerRoute({
    method: 'PUT',
    path: `${path}/{id}/publish`,
    tag: TAG,
    summary: 'Publishes a template',
    description: 'It may be offered to users, for which it needs a live release. `{ "Published": false }` takes it back.',
    params,
    query: noQuery,
    body: z.object({ published: z.boolean().default(true) }),
    bodyKind: 'optional',
    answers: { 200: theTemplate },
    errors: ['template_not_found', 'template_not_live', 'record_changed'],
    handler: async (services, { params: { id }, body: { published } }) => {
      const template = await findTemplate(services, id)
      if (published && liveRelease(template.value) === undefined) throw notLive()
      if (template.value.published === published) return { status: 200, body: templateView(services, template) }
      return { status: 200, body: templateView(services, await change(services, template, { ...template.value, published })) }
    },
  }),
  accountRoute({
    method: 'POST',
    path: `${path}/{id}/install`,
    tag: TAG,
    summary: 'Installs a template into the account',
    description: 'A cycle, Paused, with the document of the live release as it is now, and with webhook URLs of its own.',
    params,
    query: noQuery,
    body: z.object({
      variables: z.record(z.string(), json()).optional().describe('Values of its variables, by name; the others keep those of the template.'),
    }),
    bodyKind: 'optional',
    answers: { 201: { description: 'The cycle.', schema: schemas.cycle, headers: { Location: 'Its address.' } } },
    errors: ['template_not_found', 'template_not_live'],
    handler: async (services, { account, params: { id }, body }) => {
      const template = await findTemplate(services, id)
      const release = liveRelease(template.value)
      if (release === undefined) throw notLive()
      const set = setVariables(release.document, body.variables ?? {}, plain => services.sealer.seal(plain))
      if (set.problems.length > 0)
        throw new ApiError(
          'request_invalid',
          'The request is not right.',
          set.problems.map(problem => ({ ...problem, path: `Variables.${problem.path}` })),
        )
      const place = await createCycleIn(services, account, { document: set.document, origin: { templateId: template.id, releaseId: release.id } })
      return { status: 201, body: await freshView(services, place), headers: { Location: `/v1.0/cycles/${place.cycle}` } }
    },
  }),
]
