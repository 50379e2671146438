/**
 * Large data of workflows, kept beside Temporal, which holds a reference only (decision 12). Content-addressed: the same bytes are written once for a
 * transaction and all its split items, however often they are sent.
 */

/** Where a blob lies. It stands in Temporal for as long as the workflow does: a change of it must still read the old. */
export interface BlobAddress {
  /** Workflow id of the transaction; for a split item that of the transaction that it was split from. */
  readonly owner: string
  /** SHA-256 of the bytes, base64url. */
  readonly hash: string
}

/** All methods reject with `StorageUnavailable` where Redis cannot be reached or does not answer in time. */
export interface BlobStore {
  /** Keeps blobs for a workflow: on disk when this resolves. In the order of `blobs`. */
  put(workflow: string, blobs: readonly Uint8Array[]): Promise<readonly BlobAddress[]>
  /** In the order of `addresses`; undefined where there is none. Not to be changed: others may hold the same bytes. */
  get(addresses: readonly BlobAddress[]): Promise<readonly (Uint8Array | undefined)[]>
  /** The workflow lives on: what it has is kept for the whole time again. To be called within that time, by whoever sees open workflows. */
  renew(workflow: string): Promise<void>
  /** The workflow is removed. The bytes go when nothing of its transaction is left that has put any: neither itself nor a split item. */
  delete(workflow: string): Promise<void>
}

/**
 * Items of a split share the blobs of the transaction that they came from, for each gets data of it: ids of items are that of the transaction,
 * a dot, and more (cycles.md 4).
 */
export function ownerOf(workflow: string): string {
  const item = workflow.indexOf('.', workflow.lastIndexOf('/') + 1)
  return item === -1 ? workflow : workflow.slice(0, item)
}
