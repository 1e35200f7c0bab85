// What a reader takes for letters, none of which can be cut in two.
export const letters = (text) =>
  Intl.Segmenter ? [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment) : [...text];
