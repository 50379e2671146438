/** Another cycle of the same account: it only starts transactions, and shares the account's places. */
import { cycleSuffix, partitionKey, partitionSuffix } from '../../storage/keys.ts'
import { cycleHash, newTransaction, partition, suffixed, violate, type World } from './world.ts'

type Add = (name: string, run: () => Promise<void> | void, weight?: number) => void

export function neighbour(world: World, add: Add): void {
  const { budget, inbox } = world
  for (const [transaction, state] of world.neighbours) {
    if (state === 'started') add(`neighbour begins ${transaction}`, () => begin(world, transaction))
    if (state === 'begun')
      add(`neighbour ends ${transaction}`, async () => {
        world.neighbours.delete(transaction)
        await inbox.end(world.neighbour, transaction, {}, 'Completed', 86_400_000)
      })
  }
  if (world.settling) return
  if (budget.neighbours > 0) add('neighbour accepts', () => (budget.neighbours--, accept(world)), 0.5)
  if (budget.limits > 0) {
    for (const max of [undefined, 1, 2]) {
      if (max === world.accountMax) continue
      add(`limit ${max ?? 'none'}`, async () => {
        budget.limits--
        world.accountMax = max
        await inbox.limitAccount(world.place.account, max)
      })
    }
  }
}

async function accept(world: World): Promise<void> {
  const transaction = newTransaction()
  world.neighbours.set(transaction, 'accepted')
  await world.inbox.acceptTrigger({ place: world.neighbour, version: 1, transaction, stepId: 'order', data: '{}', values: [], held: false })
}

async function begin(world: World, transaction: Parameters<World['neighbours']['set']>[0]): Promise<void> {
  world.neighbours.set(transaction, 'begun')
  if ((await world.inbox.begin(world.neighbour, transaction, [], undefined)) !== 'go') violate('I2', `${transaction} of the neighbour may not begin`)
}

/** I7 of the account: its places are counted exactly, and no more are taken than there are; I8: whoever is next in line has been told. */
export async function accountRight(world: World): Promise<void> {
  const { redis } = world
  const part = partitionKey(partition(world))
  const { account } = world.place
  const [mine, other, places, line, hash] = await Promise.all([
    redis.zcard(suffixed(world, cycleSuffix.run)),
    redis.zcard(suffixed(world, cycleSuffix.run, world.neighbour)),
    redis.hget(`${part}${partitionSuffix.places}${account}`, 'running'),
    redis.zrange(`${part}${partitionSuffix.line}${account}`, '0', '-1'),
    cycleHash(world, world.neighbour),
  ])
  world.neighbourHash = hash
  const members = mine + other
  if (Number(places ?? 0) !== members) violate('I7', `${members} members of the account are counted as ${places ?? 'none'}`)
  const max = world.accountMax
  if (max !== undefined && members > world.members && members > max) violate('I7', `${members} members with the account's limit ${max}`)
  world.members = members
  const free = max === undefined || members < max
  const told = (state: Record<string, string>): boolean => state['ready'] !== undefined || state['token'] !== undefined
  const first = line[0]
  if (free && first !== undefined && !told(first === suffixed(world, '') ? world.hash : hash))
    violate('I8', 'a place of the account is free, and who is next is not told')
  if (!told(hash) && free && (first === undefined || first === suffixed(world, '', world.neighbour))) {
    const waiting = [...world.neighbours.values()].includes('accepted')
    if (waiting) violate('I8', 'the neighbour can be claimed and nobody is told')
  }
}

export async function neighbourAtRest(world: World): Promise<void> {
  if (world.neighbours.size > 0) violate('I8', `the neighbour's ${[...world.neighbours.keys()].join()} never run`)
  const part = partitionKey(partition(world))
  const left = await world.redis.exists(`${part}${partitionSuffix.places}${world.place.account}`, `${part}${partitionSuffix.line}${world.place.account}`)
  if (left > 0 && (world.hash['state'] === 'Active' || world.deleted)) violate('I8', 'places or a line of the account stay')
}

/** Whether the account has a place for the cycle now. */
export async function accountRoom(world: World): Promise<boolean> {
  const max = world.accountMax
  if (max === undefined) return true
  const line = await world.redis.zrange(`${partitionKey(partition(world))}${partitionSuffix.line}${world.place.account}`, '0', '0')
  return world.members < max && (line[0] === undefined || line[0] === suffixed(world, ''))
}
