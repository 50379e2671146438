/** What the steps of a document use of connectors: checked when it is saved, and again before it starts (connectors.md 1 and 3). Pure. */
import type { ConnectorDocument } from './connector.ts'
import { chooseAccountConnector, needsAccountConnector } from './connector-choice.ts'
import type { CycleDocument, MethodStep, WebhookStep } from './document.ts'
import type { Problem } from './errors.ts'
import type { Prerequisite } from './prerequisites.ts'

/** A connector as it is stored, as far as it is looked at here. */
interface Known {
  readonly id: string
  readonly value: { readonly name: string; readonly definition: ConnectorDocument }
}

interface Held {
  readonly id: string
  readonly value: { readonly connectorId: string; readonly name: string; readonly status: 'Authenticated' | 'Unauthenticated'; readonly reason?: string }
}

interface Use {
  readonly step: MethodStep | (WebhookStep & { readonly connector: string; readonly method: string })
  readonly path: string
}

const usesOf = (document: CycleDocument): readonly Use[] =>
  document.steps.flatMap((step, at): Use[] => {
    const path = `steps[${at}]`
    if (step.type === 'method') return [{ step, path }]
    const { connector, method } = step.type === 'webhook' ? step : {}
    return step.type !== 'webhook' || connector === undefined || method === undefined ? [] : [{ step: { ...step, connector, method }, path }]
  })

/** Names of the connectors that a document's steps name, each once. */
export const connectorsIn = (document: CycleDocument): readonly string[] => [...new Set(usesOf(document).map(({ step }) => step.connector))]

/** "Did you mean": it needs edit distances, which are not for workflows. */
type Suggest = (word: string, known: Iterable<string>) => string

/** Why a step cannot use the method that it names. `connectors`: all that it may name. */
export function connectorProblems(document: CycleDocument, connectors: readonly Known[], suggest: Suggest): Problem[] {
  const names = connectors.map(({ value }) => value.name)
  return usesOf(document).flatMap(({ step, path }): Problem[] => {
    const definition = connectors.find(({ value }) => value.name === step.connector)?.value.definition
    if (definition === undefined)
      return [{ path: `${path}.connector`, message: `There is no connector ${JSON.stringify(step.connector)}.${suggest(step.connector, names)}` }]
    const method = definition.methods.find(({ id }) => id === step.method)
    const fitting = definition.methods.flatMap(({ id, type }) => ((type === 'webhook') === (step.type === 'webhook') ? [id] : []))
    if (method === undefined)
      return [
        {
          path: `${path}.method`,
          message: `The connector ${JSON.stringify(step.connector)} has no method ${JSON.stringify(step.method)}.${suggest(step.method, fitting)}`,
        },
      ]
    if (step.type === 'webhook') {
      if (method.type === 'webhook') return []
      return [{ path: `${path}.method`, message: `The method ${JSON.stringify(step.method)} is a call: a webhook step needs one of type webhook` }]
    }
    if (method.type === 'webhook')
      return [{ path: `${path}.method`, message: `The method ${JSON.stringify(step.method)} is of type webhook: it is for webhook steps` }]
    const given = step.parameters ?? {}
    const declared = method.parameters ?? []
    const unknown = Object.keys(given).flatMap(name =>
      name.includes('{{') || declared.some(one => one.name === name)
        ? []
        : [
            {
              path: `${path}.parameters.${name}`,
              message: `The method ${JSON.stringify(step.method)} has no parameter ${JSON.stringify(name)}.${suggest(
                name,
                declared.map(one => one.name),
              )}`,
            },
          ],
    )
    const dynamic = Object.keys(given).some(name => name.includes('{{'))
    const missing = declared.flatMap(({ name, label, required }) =>
      required !== true || dynamic || (given[name] ?? '') !== ''
        ? []
        : [{ path: `${path}.parameters`, message: `The parameter ${JSON.stringify(name)}${label === undefined ? '' : ` (${label})`} is required` }],
    )
    return [...unknown, ...missing]
  })
}

/**
 * What is missing of connectors before the cycle can start: one that is not authenticated in the account is told once, at the first step that names it.
 * `chosen`: the account connectors that the cycle says, by the connector's name.
 */
export function connectorPrerequisites(
  document: CycleDocument,
  connectors: readonly Known[],
  held: readonly Held[],
  chosen: { readonly [connector: string]: string } = {},
): readonly Prerequisite[] {
  const uses = usesOf(document)
  const gone = connectorProblems(document, connectors, () => '').map(({ path, message }): Prerequisite => {
    const step = uses.find(use => path.startsWith(`${use.path}.`))?.step
    return { reasonCode: 'connector_method_missing', reason: message, objectType: 'Step', objectId: step?.id ?? '', path }
  })
  const first = [...new Map(uses.toReversed().map(use => [use.step.connector, use])).values()]
  const unauthenticated = first.flatMap(({ step, path }): Prerequisite[] => {
    const connector = connectors.find(({ value }) => value.name === step.connector)
    if (connector === undefined || !needsAccountConnector(connector.value.definition)) return []
    const choice = chooseAccountConnector(held, connector.id, chosen[step.connector])
    const name = JSON.stringify(step.connector)
    const missing = (reasonCode: string, reason: string): Prerequisite[] => [
      { reasonCode, reason, objectType: 'Connector', objectId: connector.id, path: `${path}.connector` },
    ]
    if (choice.kind === 'none') return missing('connector_not_authenticated', `The connector ${name} is not authenticated in this account.`)
    if (choice.kind === 'several')
      return missing(
        'account_connector_ambiguous',
        `The account has several account connectors of ${name} (${choice.names.join(', ')}): say which in AccountConnectorId.`,
      )
    const { status, reason } = choice.one.value
    if (status === 'Authenticated') return []
    return missing('connector_not_authenticated', `The connector ${name} is not authenticated in this account${reason === undefined ? '' : `: ${reason}`}.`)
  })
  const at = ({ path }: Prerequisite): number => Number(/\d+/.exec(path)?.[0] ?? 0)
  return [...gone, ...unauthenticated].toSorted((a, b) => at(a) - at(b))
}
