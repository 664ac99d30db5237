#include "options.h"

#include <cstdlib>

namespace kvnest {
namespace {

bool ParseNumber(const char* text, unsigned long long& number) {
  char* end = nullptr;
  number = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == '\0';
}

}  // namespace

bool ParseOptions(int argc, char** argv, Options& options) {
  if (argc < 7) return false;
  unsigned long long numbers[4];
  for (int i = 0; i < 4; i++) {
    if (!ParseNumber(argv[i + 1], numbers[i])) return false;
  }
  options = {static_cast<pid_t>(numbers[0]), static_cast<long>(numbers[1]), static_cast<int>(numbers[2]),
             numbers[3],                     argv[5],                       argv + 6};
  return true;
}

}  // namespace kvnest
