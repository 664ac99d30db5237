/** Lossy codecs that the values of a chunk may have been through. */
const LOSSES = ['none', 'int8', 'fp8'] as const;

export type ChunkLoss = (typeof LOSSES)[number];

/** What the bytes of a chunk are, where they are not what was put. */
export interface ChunkForm {
  /** They are an encoded chunk. Never told from the bytes: whoever puts a chunk may put any. */
  readonly encoded: boolean;
  /** The lossy codec that the values have been through; known for good, also where they are decoded. */
  readonly loss: ChunkLoss;
}

const ENCODED = 0x10;
const LOSS = 0x0f;

/** A number of five bits; 0: the bytes are what was put. */
export function formNumber({ encoded, loss }: ChunkForm): number {
  return (encoded ? ENCODED : 0) | LOSSES.indexOf(loss);
}

/** The form of bytes that are what was put. */
export const AS_PUT: ChunkForm = { encoded: false, loss: 'none' };

const FORMS: readonly (ChunkForm | undefined)[] = Array.from(
  { length: (ENCODED | LOSS) + 1 },
  (_, number) => {
    const loss = LOSSES[number & LOSS];
    if (number === 0 || loss === undefined) return number === 0 ? AS_PUT : undefined;
    return Object.freeze({ encoded: (number & ENCODED) !== 0, loss });
  },
);

/** @returns undefined for a form that a later version has. */
export function formOf(number: number): ChunkForm | undefined {
  return FORMS[number];
}
