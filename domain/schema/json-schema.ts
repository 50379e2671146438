/** The JSON Schema (draft 2020-12) of documents, for editors: committed as `schemas/cycle.json`, served at `/schemas/cycle.json`. */
import { z } from 'zod'
import { documentSchema } from './document.ts'

export function jsonSchema(): object {
  const schema = z.toJSONSchema(documentSchema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' })
  return { $id: '/schemas/cycle.json', ...schema }
}
