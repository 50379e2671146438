/** What a run of the command touches besides HTTP; made of the process in `main.ts`. */
export interface Io {
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: what went wrong, and notes. */
  err(text: string): void
  readonly env: { readonly [name: string]: string | undefined }
  /** Paths are relative to it. */
  readonly cwd: string
  /** The checkout or image that the command is a part of. */
  readonly root: string
  /** Whether the output is a terminal that shows colours. */
  readonly colour: boolean
  /** Standard input, whole. */
  stdin(): Promise<string>
}
