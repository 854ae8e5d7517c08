/** A part of the declaration, and what makes it say what holds now. */
export interface Part {
  readonly content: HTMLElement;
  refresh(): void;
}
