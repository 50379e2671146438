/** The JSON Schemas (draft 2020-12) of documents, for editors: committed in `schemas/`, served under `/schemas/`. */
import { z } from 'zod'
import { connectorSchema } from './connector.ts'
import { documentSchema } from './document.ts'

const schemaOf = (name: string, schema: z.ZodType): object => ({
  $id: `/schemas/${name}.json`,
  ...z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }),
})

/** Of cycles. */
export const jsonSchema = (): object => schemaOf('cycle', documentSchema)

/** Of connectors. */
export const connectorJsonSchema = (): object => schemaOf('connector', connectorSchema)
