/** CSV as `cyclr_csv_parse` reads it (webhooks.md 8): RFC 4180, any delimiter, line ends `\n`, `\r\n` and `\r`. */
import type { Json } from '../domain/json.ts'

/**
 * Rows as lists of strings; with a header as objects by its names (a name that is missing is the column's number from 1, a field that is missing `""`).
 * Empty lines are passed over. Throws where a quoted field does not end.
 */
export function parseCsv(csv: string, delimiter: string, hasHeader: boolean): Json {
  const rows = readRows(csv.startsWith('\ufeff') ? csv.slice(1) : csv, delimiter)
  const [header, ...records] = rows
  if (!hasHeader || header === undefined) return rows
  return records.map(record => Object.fromEntries(names(header, record.length).map((name, i) => [name, record[i] ?? ''])))
}

const names = (header: readonly string[], width: number): string[] =>
  Array.from({ length: Math.max(header.length, width) }, (_, i) => header[i] || String(i + 1))

function readRows(csv: string, delimiter: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let i = 0
  const endRow = (): void => {
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  while (i < csv.length) {
    const field = csv[i] === '"' ? readQuoted(csv, i + 1) : readBare(csv, i, delimiter)
    row.push(field.value)
    i = field.end
    if (csv.startsWith(delimiter, i)) {
      i += delimiter.length
      if (i === csv.length) row.push('')
      else continue
    }
    if (csv.startsWith('\r\n', i)) i += 2
    else if (csv[i] === '\n' || csv[i] === '\r') i += 1
    else if (i < csv.length) {
      // Text after a closing quote belongs to the field, as spreadsheets read it.
      const rest = readBare(csv, i, delimiter)
      row[row.length - 1] += rest.value
      i = rest.end
      if (csv.startsWith(delimiter, i)) {
        i += delimiter.length
        continue
      }
      if (csv.startsWith('\r\n', i)) i += 2
      else i += 1
    }
    endRow()
  }
  if (row.length > 0) endRow()
  return rows
}

interface Field {
  readonly value: string
  readonly end: number
}

function readBare(csv: string, start: number, delimiter: string): Field {
  let end = start
  while (end < csv.length && csv[end] !== '\n' && csv[end] !== '\r' && !csv.startsWith(delimiter, end)) end++
  return { value: csv.slice(start, end), end }
}

function readQuoted(csv: string, start: number): Field {
  let value = ''
  let from = start
  for (;;) {
    const quote = csv.indexOf('"', from)
    if (quote < 0) throw new Error('cyclr_csv_parse: a quoted field does not end')
    value += csv.slice(from, quote)
    if (csv[quote + 1] !== '"') return { value, end: quote + 1 }
    value += '"'
    from = quote + 2
  }
}
