import { computed, effect, signal } from '@preact/signals';
import { PALETTE, type Scheme } from '../../model/palette.ts';

export type ThemeChoice = 'auto' | Scheme;

const KEY = 'theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(dark.matches);
dark.addEventListener('change', () => (systemIsDark.value = dark.matches));

const stored = localStorage.getItem(KEY);
export const choice = signal<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'auto');
export const scheme = computed<Scheme>(() =>
  choice.value === 'auto' ? (systemIsDark.value ? 'dark' : 'light') : choice.value,
);

export function nextChoice(): void {
  choice.value = ({ auto: 'light', light: 'dark', dark: 'auto' } as const)[choice.value];
  localStorage.setItem(KEY, choice.value);
}

/** The style sheet knows the colours of states as variables: they are written down once, for it and the canvas. */
export function applyTheme(): void {
  effect(() => {
    const { style } = document.documentElement;
    style.colorScheme = scheme.value;
    for (const [state, colour] of Object.entries(PALETTE[scheme.value])) style.setProperty(`--${state}`, colour);
  });
}
