import { expect, test } from 'vitest';
import { channelsOf, PALETTE } from './palette.ts';

/** Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB. */
const SIGHT = {
  'all cones': [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;

/** In CIELAB: about 2 can just be seen side by side, and cells are not always side by side. */
const LEAST_DIFFERENCE = 14;

test.each(Object.keys(PALETTE) as (keyof typeof PALETTE)[])(
  'any two colours of the %s palette differ to every eye',
  scheme => {
    const colours = Object.entries(PALETTE[scheme]);
    const close = Object.entries(SIGHT).flatMap(([sight, matrix]) =>
      colours.flatMap(([a, one], i) =>
        colours.slice(i + 1).flatMap(([b, other]) => {
          const difference = Math.hypot(
            ...labOf(one, matrix).map((value, axis) => value - (labOf(other, matrix)[axis] ?? 0)),
          );
          return difference < LEAST_DIFFERENCE ? [`${sight}: ${a} and ${b} differ by ${difference.toFixed(1)}`] : [];
        }),
      ),
    );
    expect(close).toEqual([]);
  },
);

function labOf(colour: string, m: readonly number[]): readonly number[] {
  const [r = 0, g = 0, b = 0] = channelsOf(colour).map(value => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const [x, y, z] = [0, 3, 6].map(i => Math.min(1, Math.max(0, m[i]! * r + m[i + 1]! * g + m[i + 2]! * b)));
  const white = [
    0.4124 * x! + 0.3576 * y! + 0.1805 * z!,
    0.2126 * x! + 0.7152 * y! + 0.0722 * z!,
    0.0193 * x! + 0.1192 * y! + 0.9505 * z!,
  ];
  const [fx = 0, fy = 0, fz = 0] = [white[0]! / 0.9505, white[1]!, white[2]! / 1.089].map(t =>
    t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116,
  );
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}
