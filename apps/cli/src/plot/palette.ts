/** Colours that people with any colour vision tell apart (Okabe and Ito, 2008), and the greys of a chart. */
export const PALETTE = {
  adapted: '#0072B2',
  band: '#C7E0EE',
  untouched: '#D55E00',
  labelled: '#000000',
  heldOut: '#8C8C8C',
} as const;
