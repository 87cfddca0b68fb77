/** Why the example cannot start, as one line for whoever started it. */
export class Refused extends Error {
  override readonly name = "Refused";
}
