/** Aligned text for people. */
import { styleText } from 'node:util'
import type { Io } from '../io.ts'

/** A table with its heading; the last column is not padded. Without rows only `empty` is written. */
export function table(io: Pick<Io, 'colour'>, heading: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return `${empty}\n`
  const lines = [heading, ...rows].map(row => row.map(oneLine))
  const widths = heading.map((_, column) => Math.max(...lines.map(line => widthOf(line[column] ?? ''))))
  return lines.map((line, at) => rowOf(io, line, widths, at === 0)).join('')
}

/** One line of a table. */
export function rowOf(io: Pick<Io, 'colour'>, cells: readonly string[], widths: readonly number[], heading = false): string {
  return `${cells
    .map((cell, column) => written(io, oneLine(cell), column === cells.length - 1 ? 0 : (widths[column] ?? 0), heading))
    .join('  ')
    .trimEnd()}\n`
}

/** Names and values, one a line. */
export function pairs(io: Pick<Io, 'colour'>, rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${`${name}:`.padEnd(width + 1)}  ${painted(io, oneLine(value))}`.trimEnd() + '\n').join('')
}

type Style = Parameters<typeof styleText>[0]
/** Whether the output shows colours was found out already. */
const styled = (style: Style, text: string): string => styleText(style, text, { validateStream: false })
const STYLES: { readonly [word: string]: Style } = {
  Active: 'green',
  Completed: 'green',
  Delivered: 'green',
  created: 'green',
  updated: 'yellow',
  Stopping: 'yellow',
  Warning: 'yellow',
  Retrying: 'yellow',
  Errored: 'red',
  Error: 'red',
  Failed: 'red',
  Gone: 'red',
  refused: 'red',
}

function painted({ colour }: Pick<Io, 'colour'>, text: string, word = text): string {
  const style = Object.hasOwn(STYLES, word) ? STYLES[word] : undefined
  return colour && style !== undefined ? styled(style, text) : text
}

function written(io: Pick<Io, 'colour'>, cell: string, width: number, heading: boolean): string {
  const padded = cell + ' '.repeat(Math.max(0, width - widthOf(cell)))
  if (heading) return io.colour ? styled('bold', padded) : padded
  return painted(io, padded, cell)
}

/** Control characters of names and messages do not reach the terminal. */
// oxlint-disable-next-line no-control-regex
export const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')

/** Columns that a text takes: wide characters (CJK, emoji) take two, marks none. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text.replaceAll(/\p{Mark}/gu, ''))
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(character) ? 2 : 1
  return width
}
