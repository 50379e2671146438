/** The document's schema: parsing with helpful errors, its scripts, and the JSON Schema for editors. Never imported by workflows: zod is heavy there. */
export { parseDocument, type ParsedDocument } from './parse.ts'
export { parseDocumentText, readDocumentText, type DocumentForm } from './text.ts'
export { DOCUMENT_MAX } from './json-limits.ts'
export { placesIn } from './places.ts'
export { didYouMean } from './suggest.ts'
export { scriptsOf, type ScriptSource } from './scripts.ts'
export { connectorJsonSchema, jsonSchema } from './json-schema.ts'
export { parseConnector, parseConnectorText } from './parse-connector.ts'
