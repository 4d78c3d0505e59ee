// Accesses to memory as the emulator remembers them, and which come before which.
#pragma once
#include "emu.h"

namespace emu {
constexpr u32 MIXED = ~0u;

// An access, or several with no barrier between them. epoch counts barriers of the block and never repeats, so marks need no reset;
// sync counts barriers of the warp.
struct Access {
  u64 epoch = 0, sync = 0;
  u32 thread = 0, warp = 0; // MIXED: more than one
};
struct Mark { Access write, read; }; // the last ones

Access here(); // by the thread that runs
// Whether an access of the same block comes before what this thread does now: by a barrier of the block or of the warp, or because it was
// this thread. Shuffles do not order memory accesses.
bool ordered(const Access &);
Access with(const Access &last); // this read, and with it the last one if that may happen at the same time
} // namespace emu
