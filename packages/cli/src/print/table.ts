/** A text and how it looks. */
export interface TableCell {
  readonly text: string;
  readonly painted?: string;
}

/** As kubectl lays out tables: columns three blanks apart, the last one as long as it is. */
export function renderTable(
  header: readonly string[] | undefined,
  rows: readonly (readonly (TableCell | string)[])[],
): string {
  const cells = rows.map(row => row.map(cell => (typeof cell === 'string' ? { text: cell } : cell)));
  const all = header === undefined ? cells : [header.map((text): TableCell => ({ text })), ...cells];
  const widths = (all[0] ?? []).map((_cell, column) => Math.max(...all.map(row => row[column]?.text.length ?? 0)));
  return all
    .map(row =>
      row
        .map(({ text, painted = text }, column) =>
          column === row.length - 1 ? painted : painted + ' '.repeat((widths[column] ?? 0) + 3 - text.length),
        )
        .join('')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('');
}
