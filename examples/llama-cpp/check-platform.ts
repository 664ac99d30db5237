/** `node check-platform.ts`: whether llama.cpp loads on this machine; exits with 1 and the reason where it does not. */
import { startLlama } from './engine/llama-engine.ts';

try {
  await using llama = await startLlama();
  process.stdout.write(`llama.cpp ${llama.llamaCppRelease.release}, ${llama.systemInfo}\n`);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stdout.write(`llama.cpp does not load on ${process.platform}-${process.arch}: ${reason}\n`);
  process.exitCode = 1;
}
