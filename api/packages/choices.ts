/** What the caller, or the user of the pages, chose for an installation: values of variables, account connectors. */
import { connectorsIn } from '../../domain/connector-use.ts'
import { ApiError, type Problem } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { readVariables } from '../../domain/package-variables.ts'
import { didYouMean } from '../../domain/schema/suggest.ts'
import type { Operation } from '../../storage/operation.ts'
import type { Account } from '../../storage/registry.ts'
import type { TemplateRelease } from '../../storage/template.ts'
import type { Services } from '../services.ts'

export interface Choices {
  /** By `{templateId}.{variable}`. */
  readonly variables: { readonly [name: string]: Json }
  /** Id of an account connector by the connector's name. */
  readonly accountConnectors: { readonly [connector: string]: string }
}

export interface ChosenFor {
  readonly id: string
  readonly live: TemplateRelease | undefined
}

/** As they are kept in the operation, secrets sealed. Throws `request_invalid` with everything that is wrong with them. */
export async function readChoices(
  services: Services,
  account: Account,
  templates: readonly ChosenFor[],
  { variables, accountConnectors }: Choices,
): Promise<Pick<Operation, 'variables' | 'accountConnectors'>> {
  const read = readVariables(
    variables,
    templates.map(({ id, live }) => ({ id, document: live?.document })),
    plain => services.sealer.seal(plain),
  )
  const used = [...new Set(templates.flatMap(({ live }) => (live === undefined ? [] : connectorsIn(live.document))))]
  const chosen = await readConnectors(services, account, used, accountConnectors)
  const problems = [...read.problems, ...chosen.problems]
  if (problems.length > 0) {
    const what = chosen.problems.length === 0 ? 'variables' : 'choices'
    throw new ApiError('request_invalid', `The ${what} are not right; nothing was installed.`, problems)
  }
  return { variables: read.values, ...(Object.keys(chosen.ids).length === 0 ? {} : { accountConnectors: chosen.ids }) }
}

async function readConnectors(
  { registry }: Services,
  account: Account,
  used: readonly string[],
  given: Choices['accountConnectors'],
): Promise<{ readonly ids: { readonly [connector: string]: string }; readonly problems: readonly Problem[] }> {
  const ids: { [connector: string]: string } = {}
  const problems: Problem[] = []
  for (const [name, id] of Object.entries(given)) {
    const problem = (message: string): number => problems.push({ path: `AccountConnectors[${JSON.stringify(name.slice(0, 200))}]`, message })
    if (!used.includes(name)) {
      const known = used.length === 0 ? 'its templates use none' : `those are ${used.map(one => JSON.stringify(one)).join(', ')}`
      problem(`is no connector that is used here: ${known}.${didYouMean(name, used)}`)
      continue
    }
    const [connector, held] = await Promise.all([registry.connectors.byName(name), registry.accountConnectors.of(account.id).get(id.toLowerCase())])
    if (held === undefined || held.value.connectorId !== connector?.id) problem(`${id.slice(0, 100)} is no account connector of it in this account`)
    else ids[name] = held.id
  }
  return { ids, problems }
}
