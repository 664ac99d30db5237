#pragma once

namespace kvnest {

// Takes the whole file for this open descriptor, without waiting. Freed with the descriptor, or by the owner's death.
bool LockFile(int fd);

}  // namespace kvnest
