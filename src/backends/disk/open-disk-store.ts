import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Arena } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { PageAllocator } from '../../arena/page-allocator.js';
import { isKvError } from '../../common/errors/kv-error.js';
import { type Clock } from '../../common/clock.js';
import { makeDirectory } from '../../common/make-directory.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AdmissionPolicyFactory } from '../admission-policy.interface.js';
import { type EvictionPolicyFactory } from '../eviction-policy.interface.js';
import { BlockSpace } from './block-space.js';
import { ChunkReader } from './chunk-reader.js';
import { ChunkWriter } from './chunk-writer.js';
import { DataFile } from './data-file.js';
import { Departures } from './departures.js';
import { DirectoryLock } from './directory-lock.js';
import { diskUnusable } from './directory.js';
import { DiskIndex } from './disk-index.js';
import {
  DATA_FILE,
  JOURNAL_COPY_FILE,
  JOURNAL_FILE,
  LOCK_FILE,
  planLayout,
  type DiskLayout,
} from './disk-layout.js';
import { DiskStore } from './disk-store.js';
import { type DiskOptions } from './disk.config.js';
import { Durability } from './durability.js';
import { IoQueue } from './io-queue.js';
import { encodeHeader, newSeed, type Checksum, type JournalHeader } from './journal-format.js';
import { readJournal, readJournalHeader } from './journal-reader.js';
import { JournalReplay } from './journal-replay.js';
import { Journal, journalGrowthBytes } from './journal.js';
import { LogFile } from './log-file.js';
import { type BackendLogger, type MediumHealth } from './medium-health.js';
import { createReadPiece, readsAhead } from './read-piece.js';
import { encodeRemove } from './record-codec.js';
import { restoreIndex } from './restore-index.js';

/** What a disk tier is made of. */
export interface DiskTierOptions {
  readonly name: string;
  /** A directory of this tier alone. */
  readonly path: string;
  /** Never exceeded by all files of the tier together. */
  readonly capacityBytes: number;
  readonly policy: EvictionPolicyFactory;
  /** Absent: every chunk is taken. */
  readonly admissionPolicy?: AdmissionPolicyFactory;
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
  readonly logger: BackendLogger;
  readonly options: DiskOptions;
}

/** What a store is opened with: the tier's settings, and whom it tells what. */
export interface DiskStoreOptions extends DiskTierOptions {
  readonly reads: MediumHealth;
  readonly writes: MediumHealth;
  readonly onCorrupt: (key: ChunkKey) => void;
}

interface OpenFiles {
  readonly layout: DiskLayout;
  readonly header: JournalHeader;
  /** False: the directory starts empty. */
  readonly continues: boolean;
  readonly file: DataFile;
}

/** @throws KV_DISK_UNUSABLE, KV_DISK_LOCKED, KV_DISK_CAPACITY */
export async function openDiskStore(options: DiskStoreOptions): Promise<DiskStore> {
  const { path } = options;
  let lock: DirectoryLock | undefined;
  try {
    await makeDirectory(path, 0o700);
    lock = await DirectoryLock.acquire(join(path, LOCK_FILE));
    return await openLocked(options, lock);
  } catch (error) {
    await lock?.giveUp();
    throw isKvError(error) ? error : diskUnusable(path, error);
  }
}

async function openLocked(options: DiskStoreOptions, lock: DirectoryLock): Promise<DiskStore> {
  if (lock.isNew) await refuseStrangers(options);
  const files = await openFiles(options);
  try {
    return await assemble(options, files, lock);
  } catch (error) {
    await files.file.close();
    throw error;
  }
}

/** In a directory that was never a tier, files with the names of ours are somebody else's. */
async function refuseStrangers({ path, arena }: DiskStoreOptions): Promise<void> {
  const header = await readJournalHeader(join(path, JOURNAL_FILE), checksumOf(arena));
  if (header !== undefined) return;
  for (const name of [DATA_FILE, JOURNAL_FILE, JOURNAL_COPY_FILE]) {
    const stats = await stat(join(path, name)).catch(() => undefined);
    if (stats !== undefined && stats.size > 0)
      throw new Error(`${name} is there and was not written by kvnest`);
  }
}

function checksumOf(arena: Arena): Checksum {
  return (bytes, previous) => arena.crc32c(bytes, previous);
}

async function openFiles({
  name,
  path,
  capacityBytes,
  options,
  arena,
  logger,
}: DiskStoreOptions): Promise<OpenFiles> {
  const journalPath = join(path, JOURNAL_FILE);
  await rm(join(path, JOURNAL_COPY_FILE), { force: true });
  const found = await readJournalHeader(journalPath, checksumOf(arena));
  const layout = planLayout(capacityBytes, options.index_size, found?.blockBytes);
  const continues = found?.blockBytes === layout.blockBytes;
  const file = await DataFile.open({
    ...layout,
    path: join(path, DATA_FILE),
    queue: new IoQueue(options.io_depth, readsAhead(options.io_depth)),
    readPiece: createReadPiece(options.io_depth),
    direct: options.direct,
    onBuffered: (reason) => logger.warn(`Disk tier "${name}": goes through the page cache, for ${reason}`),
  });
  if (!continues) {
    if (file.bytes > 0)
      logger.warn(
        `Disk tier "${name}": the index in ${path} is missing or of another layout; starting empty`,
      );
    await file.reset();
  }
  return {
    layout,
    header: continues ? found : { blockBytes: layout.blockBytes, seed: newSeed() },
    continues,
    file,
  };
}

async function assemble(store: DiskStoreOptions, files: OpenFiles, lock: DirectoryLock): Promise<DiskStore> {
  const { name, path, arena, space, clock, logger, options, reads, writes, onCorrupt } = store;
  const { layout, header, file, continues } = files;
  const { blockBytes, blocks, journalBytes } = layout;
  const crc32c = checksumOf(arena);
  const startedMs = performance.now();

  const index: DiskIndex = new DiskIndex({
    tier: name,
    capacityBytes: blocks * blockBytes,
    blockBytes,
    policy: store.policy.create(blocks),
    admission: store.admissionPolicy?.create(),
    clock,
    seed: header.seed,
    crc32c,
    onDeparture: (chunk) => departures.add(chunk),
  });
  const journalPath = join(path, JOURNAL_FILE);
  const growthBytes = journalGrowthBytes(journalBytes);
  const replay = new JournalReplay({ blocks, blockBytes, dataBytes: file.bytes, records: index.records });
  let log: LogFile;
  if (continues) {
    const { tail, gaps } = await readJournal(journalPath, header, crc32c, (body) => replay.apply(body));
    if (gaps > 0) logger.warn(`Disk tier "${name}": ${gaps} damaged places in the index were skipped`);
    log = await LogFile.continue(journalPath, tail, growthBytes);
  } else {
    log = await LogFile.create(journalPath, encodeHeader(header, crc32c), growthBytes);
  }
  const journal = new Journal(log, {
    path: journalPath,
    copyPath: join(path, JOURNAL_COPY_FILE),
    header,
    budgetBytes: journalBytes,
    live: index,
    crc32c,
    clock,
    onCopyFailed: (error) => writes.failed(error),
  });
  const allocator = new PageAllocator(blocks);
  const blockSpace: BlockSpace = new BlockSpace({ allocator, evict: () => index.evict(blockSpace) });
  const departures = new Departures(journal, blockSpace, writes);
  await restoreIndex(replay.live(), {
    index,
    allocator,
    clock,
    onStale: (chunk) => journal.append(encodeRemove(chunk), () => undefined),
  });
  while (index.liveBytes > journal.maxLiveBytes && index.evict(blockSpace));
  await journal.trim();
  const { size } = index.resident;
  if (size > 0) {
    logger.log(
      `Disk tier "${name}": ${size} chunks found in ${path} in ${Math.round(performance.now() - startedMs)} ms`,
    );
  }
  const durability = new Durability(file, journal, options.sync_interval_ms, (error) => writes.failed(error));
  const writer = new ChunkWriter({
    blockBytes,
    blocks,
    index,
    space: blockSpace,
    file,
    journal,
    departures,
    health: writes,
    onWritten: () => durability.written(),
  });
  const reader = new ChunkReader({ space, index, blocks: blockSpace, file, health: reads, onCorrupt });
  return new DiskStore(index, {
    lock,
    file,
    journal,
    durability,
    departures,
    writer,
    reader,
    health: writes,
  });
}
