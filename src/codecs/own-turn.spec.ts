import { expect, it } from '@jest/globals';
import { ownTurn } from './own-turn.js';

it('gives each who asks a turn of the event loop', async () => {
  let turn = 0;
  let isOver = false;
  const count = (): void => {
    turn++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const turns: number[] = [];
  const asks = Array.from({ length: 20 }, async (_, index) => {
    await ownTurn();
    turns.push(turn);
    if (index % 2 === 1) return;
    await ownTurn();
    turns.push(turn);
  });
  await Promise.all(asks);
  isOver = true;
  expect(new Set(turns).size).toBe(30);
});
