/** What a first start makes, over the HTTP API: the account `demo` with the examples, running (operations.md 1). */
import { ApiRefusal, type ApiClient } from './api-client.ts'
import { curlLine, withVariables, type Example } from './examples.ts'

export const DEMO = 'demo'
/** Description of the account until all examples are in it: a start that was cut off is taken up again by the next. */
const UNFINISHED = 'The examples are being applied.'
const FINISHED = 'The examples that Flywheel came with.'

export interface SeededExample {
  readonly name: string
  readonly description: string
  readonly lines: readonly { readonly title: string; readonly curl: string }[]
}

const UNAVAILABLE = 503

/** The examples; where the registry cannot be read, because Redis was emptied, none, and what the API says about it: it must run to be mended. */
export async function seedWherePossible(
  api: ApiClient,
  examples: readonly Example[],
  apiUrl: string,
): Promise<{ readonly examples: readonly SeededExample[]; readonly notice?: string }> {
  try {
    return { examples: await seed(api, examples, apiUrl) }
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === UNAVAILABLE) return { examples: [], notice: error.message }
    throw error
  }
}

/**
 * Seeds an empty registry; in any case gives the examples that are there, each with its lines for a shell.
 * `apiUrl`: where a worker reaches the API, for examples that call another one.
 */
export async function seed(api: ApiClient, examples: readonly Example[], apiUrl: string): Promise<readonly SeededExample[]> {
  const accounts = items(await api.call('GET', '/accounts?pageSize=1'))
  if (accounts.length === 0) await api.call('POST', '/accounts', { json: { Id: DEMO, Name: 'Demo', Description: UNFINISHED } })
  const demo = await api.call('GET', `/accounts/${DEMO}`)
  if (demo === undefined) return []
  const cycles = await cyclesByName(api)
  const definition = (example: Example): unknown => {
    const values = Object.entries(example.variables).map(([name, { example: folder, step }]): [string, string] => {
      const other = examples.find(each => each.folder === folder)
      const url = other === undefined ? undefined : urlsOf(cycles.get(other.name)).get(step)
      return [name, typeof url === 'string' ? `${apiUrl}${new URL(url).pathname}` : '']
    })
    return withVariables(example.document, Object.fromEntries(values))
  }
  if (field(demo, 'Description') === UNFINISHED) {
    for (const example of examples) {
      const cycle = cycles.get(example.name) ?? (await api.call('POST', '/cycles', { account: DEMO, json: { Definition: definition(example) } }))
      await api.call('PUT', `/cycles/${String(field(cycle, 'Id'))}/activate`, { account: DEMO })
      cycles.set(example.name, cycle)
    }
    await api.call('PUT', `/accounts/${DEMO}`, { json: { Name: 'Demo', Description: FINISHED } })
  }
  return examples.flatMap(example => {
    const cycle = cycles.get(example.name)
    return cycle === undefined ? [] : [withLines(example, cycle)]
  })
}

async function cyclesByName(api: ApiClient): Promise<Map<string, unknown>> {
  const cycles = items(await api.call('GET', '/cycles?pageSize=500', { account: DEMO }))
  return new Map(cycles.map(cycle => [String(field(cycle, 'Name')), cycle]))
}

function withLines(example: Example, cycle: unknown): SeededExample {
  const urls = urlsOf(cycle)
  return {
    name: example.name,
    description: example.description,
    lines: example.requests.flatMap(request => {
      const url = urls.get(request.step)
      return typeof url === 'string' ? [{ title: request.title, curl: curlLine(request, url) }] : []
    }),
  }
}

/** URLs of a cycle's webhook steps, by step id. */
const urlsOf = (cycle: unknown): ReadonlyMap<unknown, unknown> =>
  new Map(items(field(cycle, 'Webhooks')).map(webhook => [field(webhook, 'StepId'), field(webhook, 'Url')]))

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined
}
