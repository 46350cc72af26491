import { buildImage, type Image } from '../images/index.ts';

/** In MB, as the comparison with other systems had them: eight of 20 and two of 60. */
const SIZES_MIB = [...Array<number>(8).fill(20), 60, 60];

/** The images of a fill, with the repositories that they go to. */
export function benchImages(): readonly { readonly repository: string; readonly image: Image }[] {
  return SIZES_MIB.map((sizeMiB, index) => ({ repository: `bench/image-${index}`, image: buildImage({ sizeMiB }) }));
}
