/** Which cycle is meant: people know its name, scripts its GUID. */
import { didYouMean } from '../domain/schema/suggest.ts'
import { cycle, type Cycle } from './answers.ts'
import type { Answer, Api } from './api.ts'
import { CliError } from './exit.ts'

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The cycle's id. Throws `refused` where no cycle, or more than one, has the name. */
export async function cycleId(api: Api, named: string): Promise<string> {
  return GUID.test(named) ? named : (await findCycle(api, named)).value.Id
}

export async function findCycle(api: Api, named: string): Promise<Answer<Cycle>> {
  if (GUID.test(named)) return api.call('GET', cyclePath(named), cycle)
  const all = await api.all('/cycles', cycle)
  const found = all.filter(({ value }) => value.Name === named)
  const [first, ...others] = found
  if (first === undefined) {
    const near = didYouMean(
      named,
      all.map(({ value }) => value.Name),
    )
    throw new CliError('refused', `There is no cycle "${named}" in this account.${near}`)
  }
  if (others.length > 0) {
    throw new CliError('refused', `${found.length} cycles have the name "${named}": give the GUID of one, ${found.map(({ value }) => value.Id).join(', ')}.`)
  }
  return first
}

/** Of the API, with the id made safe for a path. */
export const cyclePath = (id: string): string => `/cycles/${encodeURIComponent(id)}`
