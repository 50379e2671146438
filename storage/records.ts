/**
 * Records of the registry: small values with a version, as templates, connectors, marketplaces and what accounts have of them. Whoever changes one says
 * which version it read, so that nobody's change is lost.
 */
import type { AccountId } from '../domain/ids.ts'
import type { Listed, Page } from './registry.ts'

export interface Versioned<T> {
  readonly id: string
  /** From 1, growing with each change. */
  readonly version: number
  /** ms since the epoch. */
  readonly createdAt: number
  readonly value: T
}

/** All methods reject with `StorageUnavailable` where Redis cannot be reached or does not answer in time. */
export interface Records<T> {
  /** `taken`: the id, or its unique name, is there. `gone`: its account is. `as`: of one that is imported. */
  create(id: string, value: T, as?: Pick<Versioned<T>, 'version' | 'createdAt'>): Promise<'created' | 'taken' | 'gone'>
  get(id: string): Promise<Versioned<T> | undefined>
  /** Those of these ids that are there, in one go. */
  getMany(ids: readonly string[]): Promise<ReadonlyMap<string, Versioned<T>>>
  /** By its unique name, case-sensitive; undefined for nouns that have none. */
  byName(name: string): Promise<Versioned<T> | undefined>
  /** Where the version is still `expected`. `changed`: somebody else was faster. `gone`: it is not there. `taken`: its new name is another's. */
  replace(id: string, value: T, expected: number): Promise<'done' | 'changed' | 'gone' | 'taken'>
  /** Whether it was there. */
  remove(id: string): Promise<boolean>
  /** By creation, the oldest first. */
  list(page: Page): Promise<Listed<Versioned<T>>>
}

/** Those with integer ids, `1`, `2`, …, none of which is given twice. */
export interface NumberedRecords<T> extends Records<T> {
  nextId(): Promise<string>
}

/** Those that belong to another record: packages to a marketplace. */
export interface GroupedRecords<T> extends NumberedRecords<T> {
  listOf(group: string, page: Page): Promise<Listed<Versioned<T>>>
}

/** Those that belong to one account, in its partition; they go with it. */
export interface AccountRecords<T> {
  of(account: AccountId): Records<T>
  /** Whether any account has one with this id. Looks through all of them: for what people do rarely. */
  anywhere(id: string): Promise<boolean>
}
