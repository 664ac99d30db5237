/** How much a simulated tier holds. */
export interface Capacity {
  readonly amount: number;
  readonly unit: 'blocks' | 'bytes';
}
