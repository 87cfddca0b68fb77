/** Who can sign in. An application has them from its sign-in service; the ids are those of `auth.users`. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly work: string;
}

export const ana: Person = {
  id: "6f0f7d52-3c1a-4b7e-9c58-1d2f3a4b5c6d",
  name: "Ana Souza",
  email: "ana@example.com",
  work: "runs a design studio",
};

export const bruno: Person = {
  id: "b2a4c6e8-1f3d-4a5b-8c7d-9e0f1a2b3c4d",
  name: "Bruno Lima",
  email: "bruno@example.com",
  work: "repairs bicycles",
};

export const people: readonly Person[] = [ana, bruno];

/** The person of an id, as the audit trail has it. */
export const personOf = (id: string): Person | undefined => people.find((person) => person.id === id);
