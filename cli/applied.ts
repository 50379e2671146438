/** What all kinds of documents have in common when they are applied. */
import type { Valid } from './documents.ts'
import { CliError } from './exit.ts'

/** What became of one document. */
export interface Applied {
  readonly result: 'created' | 'updated' | 'unchanged' | 'refused'
  /** What was not done, and why. */
  readonly problem?: CliError
  /** What the user should know besides. */
  readonly note?: string
}

/** The document as it is sent: YAML stays as it was written. */
export const bodyOf = ({ file, value }: Valid<unknown>): { readonly yaml: string } | { readonly json: object } =>
  file.form === 'yaml' ? { yaml: file.text } : { json: { Definition: value } }

/** Throws again what is no answer to this one document. */
export function refusal(error: unknown): CliError {
  if (error instanceof CliError && (error.exit === 'refused' || error.exit === 'invalid')) return error
  throw error
}
