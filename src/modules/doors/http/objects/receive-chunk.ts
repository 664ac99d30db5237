import { ExtentWriter } from '../../../../arena/extent-writer.js';
import { type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { type PutReservation } from '../../../engine/object-store.interface.js';
import { type BodyReader } from '../body/body-reader.js';

/**
 * Reads the bytes of one chunk from the body into its reservation.
 *
 * @returns their CRC-32C.
 */
export async function receiveChunk(
  engine: Pick<CacheEngine, 'crc32c'>,
  body: BodyReader,
  reservation: PutReservation,
): Promise<number> {
  const writer = new ExtentWriter(reservation.views, (bytes, previous) => engine.crc32c(bytes, previous));
  await body.read(reservation.lengthBytes, writer);
  return writer.checksum;
}
