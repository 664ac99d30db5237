import { type ExtentWriter } from '../arena/extent-writer.js';
import { ownTurn } from './own-turn.js';
import { type ViewReader } from './view-reader.js';

/** In one turn of the event loop: a tenth of a millisecond of work. */
const TURN_BYTES = 256 * 1024;

/** Fills what is left of the writer, and lets others have their turns. */
export async function copyInTurns(reader: ViewReader, writer: ExtentWriter): Promise<void> {
  while (!writer.done) {
    await ownTurn();
    writer.write(reader.read(Math.min(TURN_BYTES, writer.remainingBytes)));
  }
}
