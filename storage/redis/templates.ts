/**
 * Templates: records, and an index of their identifiers. An identifier stands in the index before a template has it and until none has it any more;
 * one that leads to a template which does not name it counts as unknown.
 */
import type { Redis } from 'ioredis'
import type { Identifier } from '../../domain/ids.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import type { Template, Templates } from '../template.ts'
import { createRecords } from './records.ts'
import { call } from './registry-call.ts'

export function createTemplates(redis: Redis): Templates {
  const records = createRecords<Template>(redis, { base: keys.templates })
  const identifiersOf = (template: Template | undefined): readonly Identifier[] => Object.values(template?.identifiers ?? {})

  async function add(id: string, identifiers: readonly Identifier[]): Promise<void> {
    if (identifiers.length > 0) await call(() => redis.hset(keys.templateWebhooks, Object.fromEntries(identifiers.map(one => [one, id]))))
  }

  /** Takes away those that the template does not have, or has no more. */
  async function tidy(id: string, identifiers: readonly Identifier[]): Promise<void> {
    if (identifiers.length === 0) return
    const kept = new Set(identifiersOf((await records.get(id))?.value))
    const left = identifiers.filter(one => !kept.has(one))
    if (left.length > 0) await call(() => redis.hdel(keys.templateWebhooks, ...left))
  }

  return {
    ...records,
    async create(id, value, as) {
      await add(id, identifiersOf(value))
      const answer = await records.create(id, value, as)
      if (answer !== 'created') await tidy(id, identifiersOf(value))
      return answer
    },
    async replace(id, value, expected) {
      const before = identifiersOf((await records.get(id))?.value)
      await add(id, identifiersOf(value))
      const answer = await records.replace(id, value, expected)
      await tidy(id, [...before, ...identifiersOf(value)])
      return answer
    },
    async remove(id) {
      const before = identifiersOf((await records.get(id))?.value)
      const was = await records.remove(id)
      await tidy(id, before)
      return was
    },
    async byIdentifier(identifier) {
      const id = await call(() => redis.hget(keys.templateWebhooks, identifier))
      const template = id === null ? undefined : await records.get(id)
      const [stepId] = Object.entries(template?.value.identifiers ?? {}).find(([, one]) => one === identifier) ?? []
      if (template === undefined || stepId === undefined) return undefined
      const release = template.value.releases.findLast(({ document }) => document.steps.some(step => step.id === stepId && step.type === 'webhook'))
      return release === undefined ? undefined : { id: template.id, document: release.document, stepId }
    },
  }
}
