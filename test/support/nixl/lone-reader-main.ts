// A process that has nothing but an agent and a read that does not end. Usage: lone-reader-main.ts <library>
import { AgentWithRegion } from './nixl-agents.js';

const LENGTH_BYTES = 4096;
const TIMEOUT_MS = 200;

const library = process.argv[2] ?? '';
const [owner, reader] = [await AgentWithRegion.start(library), await AgentWithRegion.start(library)];
const peer = await reader.agent.addPeer(owner.agent.metadata);
const blocks = [owner.block(0, LENGTH_BYTES)];
const { outcome } = await reader.agent.read({ peer, blocks, timeoutMs: TIMEOUT_MS });
console.log(outcome);
