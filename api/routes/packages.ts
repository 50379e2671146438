/** Integration packages of a marketplace: templates that are installed together (marketplace.md 1). */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { ApiError, type Problem } from '../../domain/errors.ts'
import type { Package } from '../../storage/package.ts'
import type { Versioned } from '../../storage/records.ts'
import { withoutPackage } from '../marketplaces/cards.ts'
import { findMarketplace, findPackage } from '../marketplaces/find.ts'
import { noBody, noQuery, partnerRoute, type AnswerSpec, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import type { Services } from '../services.ts'
import { liveRelease } from '../templates/releases.ts'
import { httpUrl, unlessRecord } from './fields.ts'
import { guidOf, paged, pagedAnswer, pageQuery } from './lists.ts'

const TAG = 'Integration packages'
const path = '/v1.0/marketplaces/{id}/packages'
const listParams = { id: 'Id of the marketplace.' }
const params = { ...listParams, package: 'Id of the package.' }
const thePackage: AnswerSpec = { description: 'The integration package.', schema: schemas.integrationPackage }

const name = z.string().trim().min(1).max(200)
const templateIds = z.array(z.string()).min(1, 'must name a template').max(50).describe('GUIDs of its templates, each with a live release.')
const fields = {
  description: z.string().max(4_000).nullish(),
  image: z
    .union([httpUrl, z.literal('').transform(() => null)])
    .nullish()
    .describe('URL of a picture; null: none.'),
  installedMessage: z.string().max(65_536).nullish().describe('HTML of yours that is shown once it is installed.'),
  singleInstallation: z.boolean().nullish().describe('An account can have it once. Default: false.'),
  redirectBack: z.boolean().nullish().describe('Back to the marketplace in place of the complete page. Default: false.'),
  autoStart: z.boolean().nullish().describe('Its cycles start when they are installed. Default: true.'),
}

const view = ({ id, value }: Versioned<Package>) => ({ ...value, id: Number(id), image: value.image ?? null })

/** Each once, there, and with a live release. Throws `request_invalid`. */
async function checkedTemplates({ registry }: Services, ids: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    ids.map(async (id, at): Promise<{ readonly id: string } | Problem> => {
      const problem = (message: string): Problem => ({ path: `TemplateIds[${at}]`, message })
      const guid = guidOf(id)
      if (guid === undefined) return problem('must be the GUID of a template')
      if (ids.slice(0, at).some(other => other.toLowerCase() === guid)) return problem('stands there already')
      const template = await registry.templates.get(guid)
      if (template === undefined) return problem('there is no such template')
      return liveRelease(template.value) === undefined
        ? problem(`the template "${template.value.name}" has no live release: promote its draft first`)
        : { id: guid }
    }),
  )
  const problems = found.filter(one => 'path' in one)
  if (problems.length > 0) throw new ApiError('request_invalid', 'The request is not right.', problems)
  return found.flatMap(one => ('id' in one ? [one.id] : []))
}

/** The tile of a package that is gone goes too; where the marketplace is being changed, pages pass over it. */
async function takeFromCards({ registry }: Services, marketplace: string, id: string): Promise<void> {
  const there = await registry.marketplaces.get(marketplace)
  if (there === undefined) return
  const cards = withoutPackage(there.value.cards, id)
  if (isDeepStrictEqual(cards, there.value.cards)) return
  await registry.marketplaces.replace(marketplace, { ...there.value, cards }, there.version)
}

export const packageRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the integration packages of a marketplace, the oldest first',
    params: listParams,
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The packages.', schemas.integrationPackage) },
    errors: ['marketplace_not_found'],
    handler: async (services, { params: { id }, query }) => {
      const marketplace = await findMarketplace(services, id)
      return paged(await services.registry.packages.listOf(marketplace.id, query), query, view)
    },
  }),
  partnerRoute({
    method: 'POST',
    path,
    tag: TAG,
    summary: 'Makes an integration package',
    params: listParams,
    query: noQuery,
    body: z.object({ name, templateIds, ...fields }),
    answers: { 201: { ...thePackage, headers: { Location: 'Its address.' } } },
    errors: ['marketplace_not_found'],
    handler: async (services, { params: { id: inMarketplace }, body }) => {
      const marketplace = await findMarketplace(services, inMarketplace)
      const ids = await checkedTemplates(services, body.templateIds)
      const { packages } = services.registry
      const id = await packages.nextId()
      await packages.create(id, {
        marketplaceId: marketplace.id,
        name: body.name,
        description: body.description ?? '',
        ...(body.image === undefined || body.image === null ? {} : { image: body.image }),
        templateIds: ids,
        installedMessage: body.installedMessage ?? '',
        singleInstallation: body.singleInstallation ?? false,
        redirectBack: body.redirectBack ?? false,
        autoStart: body.autoStart ?? true,
      })
      // One that was deleted meanwhile keeps nothing.
      await findMarketplace(services, marketplace.id).catch(async (error: unknown) => {
        await packages.remove(id)
        throw error
      })
      return {
        status: 201,
        body: view(await findPackage(services, marketplace.id, id)),
        headers: { Location: `/v1.0/marketplaces/${marketplace.id}/packages/${id}` },
      }
    },
  }),
  partnerRoute({
    method: 'GET',
    path: `${path}/{package}`,
    tag: TAG,
    summary: 'Shows an integration package',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: thePackage },
    errors: ['marketplace_not_found', 'package_not_found'],
    handler: async (services, call) => {
      const marketplace = await findMarketplace(services, call.params.id)
      return { status: 200, body: view(await findPackage(services, marketplace.id, call.params.package)) }
    },
  }),
  partnerRoute({
    method: 'PUT',
    path: `${path}/{package}`,
    tag: TAG,
    summary: 'Changes an integration package',
    description: 'What is left out stays as it is; null sets the default. Installations that are there stay as they are.',
    params,
    query: noQuery,
    body: z.object({ name: name.optional(), templateIds: templateIds.optional(), ...fields }),
    answers: { 200: thePackage },
    errors: ['marketplace_not_found', 'package_not_found', 'record_changed'],
    handler: async (services, call) => {
      const marketplace = await findMarketplace(services, call.params.id)
      const there = await findPackage(services, marketplace.id, call.params.package)
      const { image: imageBefore, ...before } = there.value
      const { body } = call
      const image = body.image === undefined ? imageBefore : (body.image ?? undefined)
      const given = <T>(sent: T | null | undefined, kept: T, otherwise: T): T => (sent === undefined ? kept : (sent ?? otherwise))
      const value: Package = {
        ...before,
        name: body.name ?? before.name,
        description: given(body.description, before.description, ''),
        ...(image === undefined ? {} : { image }),
        templateIds: body.templateIds === undefined ? before.templateIds : await checkedTemplates(services, body.templateIds),
        installedMessage: given(body.installedMessage, before.installedMessage, ''),
        singleInstallation: given(body.singleInstallation, before.singleInstallation, false),
        redirectBack: given(body.redirectBack, before.redirectBack, false),
        autoStart: given(body.autoStart, before.autoStart, true),
      }
      unlessRecord(await services.registry.packages.replace(there.id, value, there.version), 'package_not_found', 'integration package')
      return { status: 200, body: view(await findPackage(services, marketplace.id, there.id)) }
    },
  }),
  partnerRoute({
    method: 'DELETE',
    path: `${path}/{package}`,
    tag: TAG,
    summary: 'Deletes an integration package',
    description: 'Not while an account has it installed.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['marketplace_not_found', 'package_not_found', 'package_in_use'],
    handler: async (services, call) => {
      const marketplace = await findMarketplace(services, call.params.id)
      const { id } = await findPackage(services, marketplace.id, call.params.package)
      if (await services.registry.installations.anywhere(id))
        throw new ApiError('package_in_use', 'The integration package is installed in an account: uninstall it there first.')
      await services.registry.packages.remove(id)
      await takeFromCards(services, marketplace.id, id)
      return { status: 204 }
    },
  }),
]
