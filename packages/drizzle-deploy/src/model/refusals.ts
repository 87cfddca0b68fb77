/** Every reason for which an adoption is refused, as its findings name it; `docs/troubleshooting.md` explains each. */
export const adoptionRefusals = [
  "adoption.in-the-way",
  "adoption.blocked",
  "adoption.owner",
  "adoption.would-stay",
  "adoption.undecided",
] as const;

export type AdoptionRefusal = (typeof adoptionRefusals)[number];
