/** The word of a closed list that a foreign value is, if it is one. */
export const oneOf = <T extends string>(words: readonly T[], value: unknown): T | undefined =>
  words.find((w) => w === value);
