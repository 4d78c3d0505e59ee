// Looks up the kernels of the host build by name.
#pragma once
#include <string>
#include <vector>

#include "emu.h"

namespace emu {
struct Kernel {
  const char *name;
  std::string kinds;                              // of its parameters: p pointer, u 32-bit integer, f binary32
  std::vector<u8> (*pack)(void **);               // from a launch's pointers to values
  void (*call)(const void *);                     // with packed values
};
const Kernel *find_kernel(const std::string &name); // null: there is none
} // namespace emu
