import type { Signal } from '@preact/signals';

interface SearchFieldParts {
  /** What it says while it is empty, and to those who do not see it. */
  readonly label: string;
  readonly text: Signal<string>;
}

export function SearchField({ label, text }: SearchFieldParts) {
  return (
    <label>
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={text.value}
        onInput={event => (text.value = event.currentTarget.value)}
      />
    </label>
  );
}
