import { helmPrograms } from '../helm/index.ts';
import { type DebianPackage, declarePackages, findGo, needDebianPackages, type Say } from '../machine/index.ts';
import { type Need, NEEDS, type Purpose } from './needs.ts';

/** Installs whatever the purposes need and the machine lacks; builds nothing. */
export async function need(purposes: Purpose | readonly Purpose[], options: { say?: Say } = {}): Promise<void> {
  const needs: readonly Need[] = [purposes].flat().flatMap(purpose => [...NEEDS[purpose as Purpose]]);
  if (needs.includes('go')) await findGo();
  await needDebianPackages(packagesOf(needs), options);
  if (needs.includes('helm')) await helmPrograms(options);
}

/** For the start of a command: from then on nothing else may be needed. */
export async function needUpFront(purposes: Purpose | readonly Purpose[], options: { say?: Say } = {}): Promise<void> {
  declarePackages([purposes].flat().flatMap(purpose => packagesOf(NEEDS[purpose as Purpose])));
  await need(purposes, options);
}

function packagesOf(needs: readonly Need[]): readonly DebianPackage[] {
  return [...new Set(needs)].filter(name => name !== 'go' && name !== 'helm');
}
